package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"sparkbot/store"
)

// batchesAreExact records alerts that were sent, as a worker does with many at once,
// among them one that has passed on meanwhile, one that is put off and one that shows
// what has changed since.
func batchesAreExact(t *testing.T, w *World) {
	w.Project("session", "COMMS")
	places := make([]store.Place, 5)
	for i := range places {
		places[i] = w.Place(fmt.Sprint("c", i), store.Sparks|store.Moves, Slug("session"))
	}
	w.Move("session", "funded")
	w.Tell(store.Sparks | store.Moves)
	claimed := w.Claim(w.Now, 10)
	w.Move("session", "released")
	w.Tell(store.Sparks | store.Moves) // waits behind the first of each place
	if again := w.Claim(w.Now, 10); len(claimed) != 5 || len(again) != 0 {
		t.Fatalf("%d alerts are claimed, and then %d", len(claimed), len(again))
	}
	record := func(claimed []store.Claimed) (batch []store.Settlement) {
		for _, c := range claimed {
			batch = append(batch, store.Settlement{
				DeliveryID: c.ID, Fence: c.Fence, Outcome: store.OutcomeSent, At: w.Now, MessageID: "m" + c.Place.Channel, Shown: shows(c),
			})
		}
		return batch
	}
	batch := record(claimed)
	if !w.Settle(claimed[1], store.OutcomeRetry, func(s *store.Settlement) { s.DueAt = w.Now.Add(time.Hour) }) {
		t.Fatal("the second is not the claimer's to put off")
	}
	batch[3].Outcome, batch[3].DueAt = store.OutcomeRetry, w.Now.Add(time.Hour)
	w.MustExec("UPDATE moves SET summary = 'with more' WHERE title = 'funded'")

	for _, again := range []bool{false, true} { // the answer to the first try is lost
		stale, freed, err := w.DB.Settle(t.Context(), batch)
		want := []int64{claimed[1].ID}
		if again {
			want = []int64{claimed[0].ID, claimed[1].ID, claimed[2].ID, claimed[3].ID, claimed[4].ID}
		}
		if err != nil || !slices.Equal(stale, want) || !freed {
			t.Errorf("stale are %v, something was freed: %v (%v); want %v, and so it was", stale, freed, err, want)
		}
	}
	sent := "alert sent, alert waiting, edit waiting"
	for i, want := range []string{sent, "alert waiting, alert waiting", sent, "alert waiting, alert waiting", sent} {
		if got := w.queue(places[i]); got != want {
			t.Errorf("%s has %q, want %q", places[i].Channel, got, want)
		}
	}
	next := w.Claim(w.Now, 10)
	if len(next) != 3 {
		t.Errorf("%d places go on, want the three that were sent something", len(next))
	}
	if stale, _, err := w.DB.Settle(t.Context(), record(next)); err != nil || len(stale) > 0 {
		t.Errorf("stale are %v (%v), want none", stale, err)
	}
}
