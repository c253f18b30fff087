package storetest

import (
	"testing"
	"time"

	"sparkbot/store"
)

// timesAreMended has a process whose clock is a day ahead put one delivery off,
// hold another and die with a third.
func timesAreMended(t *testing.T, w *World) {
	w.Project("session", "COMMS")
	for _, channel := range []string{"late", "held", "leased", "soon"} {
		w.Place(channel, store.Moves, Everything)
	}
	w.Move("session", "one")
	w.Tell(store.Moves)
	tomorrow := w.Now.Add(24 * time.Hour)
	for _, c := range w.Claim(tomorrow, 10) {
		switch c.Place.Channel {
		case "late":
			w.Settle(c, store.OutcomeRetry, func(s *store.Settlement) { s.DueAt = tomorrow })
		case "held":
			w.Settle(c, store.OutcomeHeld, func(s *store.Settlement) { s.DueAt = tomorrow })
		case "soon":
			w.Settle(c, store.OutcomeRetry, func(s *store.Settlement) { s.DueAt = w.Now.Add(time.Minute) })
		}
	}
	latest, lease := w.Now.Add(5*time.Minute), w.Now.Add(20*time.Second)
	if n, err := w.DB.MendTimes(t.Context(), w.Now, latest, lease); err != nil || n != 2 {
		t.Errorf("%d are brought forward (%v), want what is late and what is leased", n, err)
	}
	if n, err := w.DB.MendTimes(t.Context(), w.Now, latest, lease); err != nil || n != 0 {
		t.Errorf("then %d more (%v)", n, err)
	}
	if c := w.Claim(w.Now, 10); len(c) != 1 || c[0].Place.Channel != "late" {
		t.Errorf("due now is %+v", c)
	}
	if c := w.Claim(lease, 10); len(c) < 1 || !c[0].Again {
		t.Errorf("after the lease is due %+v", c)
	}
}
