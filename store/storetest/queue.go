package storetest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"sparkbot/store"
)

func subscriptionsAreKept(t *testing.T, w *World) {
	w.Project("session", "COMMS")
	p := w.Place("c", store.NoEvents)
	first := w.Subscribe(store.Subscription{PlaceID: p.ID, Target: Slug("session"), Events: store.DefaultEvents, CreatedBy: "ada"})
	if first.Since.IsZero() || time.Since(first.Since).Abs() > time.Minute {
		t.Errorf("the subscription begins at %s", first.Since)
	}
	second := w.Subscribe(store.Subscription{PlaceID: p.ID, Target: Slug("session"), Events: store.Moves, Except: []string{"b", "a"}})
	if second.ID != first.ID || !second.Since.Equal(first.Since) || second.Events != store.Moves || second.CreatedBy != "ada" || len(second.Except) != 2 || second.Except[0] != "a" {
		t.Errorf("subscribing again gives %+v, after %+v", second, first)
	}
	w.Subscribe(store.Subscription{PlaceID: p.ID, Target: Everything, Events: store.Sparks})
	listings, err := w.DB.Listings(t.Context(), store.Slack, "T1")
	if err != nil || len(listings) != 2 || listings[0].Place.Channel != "c" {
		t.Errorf("the workspace lists %+v (%v)", listings, err)
	}
	if other, err := w.DB.Listings(t.Context(), store.Slack, "T2"); err != nil || len(other) != 0 {
		t.Errorf("another workspace sees %+v (%v)", other, err)
	}
	if err := w.DB.Unsubscribe(t.Context(), p.ID, Slug("session")); err != nil {
		t.Error(err)
	}
	if err := w.DB.Unsubscribe(t.Context(), p.ID, Slug("session")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("ending it twice gives %v", err)
	}
	if n, err := w.DB.UnsubscribeAll(t.Context(), p.ID); err != nil || n != 1 {
		t.Errorf("ending all gives %d, %v", n, err)
	}
}

// owing tells one place of three moves.
func owing(w *World) store.Place {
	w.T.Helper()
	w.Project("session", "COMMS")
	p := w.Place("c", store.Moves, Everything)
	for _, title := range []string{"first", "second", "third"} {
		w.Move("session", title)
	}
	w.Tell(store.Moves)
	return p
}

func claimsKeepOrder(t *testing.T, w *World) {
	owing(w)
	claimed := w.Claim(w.Now, 10)
	if len(claimed) != 1 || claimed[0].Key == "" {
		t.Fatalf("%d deliveries of one place are claimed at once", len(claimed))
	}
	first := claimed[0]
	if again := w.Claim(w.Now, 10); len(again) != 0 {
		t.Errorf("while the first is in flight %d more are claimed", len(again))
	}
	w.Settle(first, store.OutcomeRetry, func(s *store.Settlement) { s.DueAt, s.Reason = w.Now.Add(time.Minute), "try again" })
	if next := w.Claim(w.Now, 10); len(next) != 0 {
		t.Error("a later delivery overtook one that is to be tried again")
	}
	if due, open, err := w.DB.NextDue(t.Context(), w.Now); err != nil || !open || !due.Equal(w.Now.Add(time.Minute)) {
		t.Errorf("next due at %s (%v, %v), want in a minute", due, open, err)
	}
	retried := w.Claim(w.Now.Add(time.Minute), 10)
	if len(retried) != 1 || retried[0].ID != first.ID || retried[0].Attempt != 1 || retried[0].Again {
		t.Fatalf("after a minute the claim is %+v", retried)
	}
	w.Settle(retried[0], store.OutcomeSent, func(s *store.Settlement) { s.MessageID = "m1" })
	second := w.Claim(w.Now, 10)
	if len(second) != 1 || second[0].ID <= first.ID {
		t.Fatalf("then the claim is %+v", second)
	}
	w.Settle(second[0], store.OutcomeReleased, nil)
	if released := w.Claim(w.Now, 10); len(released) != 1 || released[0].Attempt != 0 || released[0].Fence <= second[0].Fence {
		t.Errorf("a released delivery comes back as %+v", released)
	}
	d, err := w.DB.Delivery(t.Context(), first.ID)
	if err != nil || d.State != store.StateSent || d.MessageID != "m1" || d.Attempt != 2 || d.SettledAt.IsZero() {
		t.Errorf("the first ended as %+v (%v)", d, err)
	}
}

func leasesPassOn(t *testing.T, w *World) {
	owing(w)
	slow := w.Claim(w.Now, 1)[0]
	if early := w.Claim(w.Now.Add(19*time.Second), 1); len(early) != 0 {
		t.Error("a lease passed on before its end")
	}
	heir := w.Claim(w.Now.Add(20*time.Second), 1)
	if len(heir) != 1 || heir[0].ID != slow.ID || !heir[0].Again || heir[0].Attempt != 1 {
		t.Fatalf("after the lease the claim is %+v", heir)
	}
	if w.Settle(slow, store.OutcomeSent, nil) {
		t.Error("the slow worker settled what was no longer its own")
	}
	if !w.Settle(heir[0], store.OutcomeSent, nil) {
		t.Error("the heir could not settle")
	}
	if w.Settle(heir[0], store.OutcomeRetry, nil) {
		t.Error("what was sent could be settled again")
	}
}

func mutesHold(t *testing.T, w *World) {
	p := owing(w)
	until := w.Now.Add(time.Hour)
	session, err := w.DB.ProjectBySlug(t.Context(), "session")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.DB.SetMute(t.Context(), store.Mute{PlaceID: p.ID, ProjectID: session.ID, Until: until, CatchUp: true}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		c := w.Claim(w.Now, 10)
		if len(c) != 1 || !c[0].MutedUntil.Equal(until) {
			t.Fatalf("the claim is %+v, want it muted until %s", c, until)
		}
		w.Settle(c[0], store.OutcomeHeld, func(s *store.Settlement) { s.DueAt, s.GiveUpAt = until, until.Add(6*time.Hour) })
	}
	if c := w.Claim(w.Now, 10); len(c) != 0 {
		t.Errorf("held deliveries are claimed early: %+v", c)
	}
	if n, err := w.DB.ClearMutes(t.Context(), p.ID, w.Now); err != nil || n != 1 {
		t.Errorf("clearing gives %d, %v", n, err)
	}
	c := w.Claim(w.Now, 10)
	if len(c) == 0 || !c[0].MutedUntil.IsZero() || !c[0].GiveUpAt.Equal(until.Add(6*time.Hour)) {
		t.Errorf("after the mute the claim is %+v", c)
	}
}

func keysAreUnique(t *testing.T, w *World) {
	p := w.Place("c", store.NoEvents)
	d := store.Delivery{PlaceID: p.ID, Kind: store.DeliveryTest, Key: "test:1", DueAt: w.Now, GiveUpAt: w.Now.Add(time.Hour)}
	first, added, err := w.DB.Enqueue(t.Context(), d)
	if err != nil || !added {
		t.Fatalf("the first: %v, %v", added, err)
	}
	second, added, err := w.DB.Enqueue(t.Context(), d)
	if err != nil || added || second.ID != first.ID {
		t.Errorf("the second: %+v, %v, %v", second, added, err)
	}
}

func workersDoNotShare(t *testing.T, w *World) {
	w.Project("session", "COMMS")
	for i := range 60 {
		w.Place(string(rune('a'+i%26))+string(rune('a'+i/26)), store.Moves, Everything)
	}
	w.Move("session", "one")
	w.Move("session", "two")
	w.Tell(store.Moves)
	var mu sync.Mutex
	sent := map[string]int{}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for {
				claimed := w.Claim(w.Now.Add(time.Second), 7)
				if len(claimed) == 0 {
					return
				}
				for _, c := range claimed {
					mu.Lock()
					sent[c.Place.Channel+" "+c.Key]++
					mu.Unlock()
					w.Settle(c, store.OutcomeSent, nil)
				}
			}
		})
	}
	group.Wait()
	for len(w.Claim(w.Now.Add(time.Second), 100)) > 0 {
		t.Error("workers that found nothing left something behind")
	}
	for key, n := range sent {
		if n != 1 {
			t.Errorf("%s was sent %d times", key, n)
		}
	}
}
