package storetest

import (
	"errors"
	"testing"
	"time"

	"sparkbot/store"
)

// prunedStaysKnown prunes what ended and has the same move noticed once more.
func prunedStaysKnown(t *testing.T, w *World) {
	p := owing(w)
	if _, _, err := w.DB.Enqueue(t.Context(), store.Delivery{PlaceID: p.ID, Kind: store.DeliveryTest, Key: "test:1", DueAt: w.Now, GiveUpAt: w.Now.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	first := w.Claim(w.Now, 1)[0]
	w.Settle(first, store.OutcomeSent, nil)
	second := w.Claim(w.Now, 1)[0]
	w.Settle(second, store.OutcomeFailed, nil)

	prune := func(before time.Time, limit int) (all int) {
		t.Helper()
		for last := int64(0); ; {
			next, pruned, err := w.DB.Prune(t.Context(), last, before, limit)
			if err != nil {
				t.Fatal(err)
			}
			all += pruned
			if last = next; last == 0 {
				return all
			}
		}
	}
	if n := prune(w.Now.Add(-time.Hour), 1); n != 0 {
		t.Errorf("%d young ones are pruned", n)
	}
	if n := prune(w.Now.Add(time.Hour), 1); n != 2 {
		t.Errorf("%d are pruned, want the two that ended", n)
	}
	if got, want := w.states(p), "alert waiting, test waiting"; got != want {
		t.Errorf("left are %s, want %s", got, want)
	}
	if _, err := w.DB.Delivery(t.Context(), first.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("what was pruned is still read (%v)", err)
	}

	w.Forget()
	w.MustExec("UPDATE moves SET spark = true") // noticed again: all three
	if n := w.Tell(store.Moves); n != 0 {
		t.Errorf("what was noticed again is owed %d times more", n)
	}
	if got, want := w.states(p), "alert waiting, test waiting"; got != want {
		t.Errorf("then the deliveries are %s, want %s", got, want)
	}
	w.MustExec("UPDATE moves SET title = 'edited' WHERE id = $1", first.MoveID)
	if n := w.Retell(store.NoEvents); n != 0 {
		t.Errorf("a message that was pruned is owed %d edits", n)
	}
	again, added, err := w.DB.Enqueue(t.Context(), store.Delivery{PlaceID: p.ID, Kind: store.DeliveryAlert, Key: first.Key, DueAt: w.Now, GiveUpAt: w.Now})
	if err != nil || added || again.ID != 0 || again.State != store.StateSent {
		t.Errorf("owing it by hand gives %+v, %v (%v)", again, added, err)
	}
	other := w.Place("another", store.Moves, Everything)
	w.MustExec("UPDATE moves SET spark = false")
	w.MustExec("UPDATE moves SET spark = true")
	w.MustExec("UPDATE subscriptions SET since = (SELECT min(created_at) FROM places)")
	if n := w.Tell(store.Moves); n != 3 {
		t.Errorf("another place is owed %d: %s", n, w.states(other))
	}
}
