package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"sparkbot/store"
	"sparkbot/store/sqlstore"
)

func heldComesInOrder(t *testing.T, w *World) {
	owing(w)
	until := w.Now.Add(time.Hour)
	for range 3 {
		w.Settle(w.Claim(w.Now, 10)[0], store.OutcomeHeld, func(s *store.Settlement) { s.DueAt, s.GiveUpAt = until, until.Add(time.Hour) })
	}
	w.Move("session", "after the mute")
	w.Tell(store.Moves)
	var last int64
	for i := range 4 {
		claimed := w.Claim(until, 10)
		if len(claimed) != 1 || claimed[0].ID <= last {
			t.Fatalf("message %d: the claim is %+v, want one after %d", i, claimed, last)
		}
		last = claimed[0].ID
		w.Settle(claimed[0], store.OutcomeSent, nil)
	}
}

func headsAreFound(t *testing.T, w *World) {
	owing(w)
	first := w.Claim(w.Now, 1)[0]
	again := w.Claim(w.Now.Add(20*time.Second), 1)
	if len(again) != 1 || again[0].ID != first.ID {
		t.Errorf("the claim is %+v, want %d again", again, first.ID)
	}
}

// replicasKeepOrder has three workers deliver to ten places while moves are still
// being told. On PostgreSQL each has a store of its own, as replicas do; a SQLite
// file is served by one process.
func replicasKeepOrder(t *testing.T, w *World) {
	const places, moves = 10, 25
	w.Project("session", "COMMS")
	for i := range places {
		w.Place(fmt.Sprint(i), store.Moves, Everything)
	}
	news := make(chan struct{}, 3*moves)
	var group sync.WaitGroup
	group.Go(func() {
		defer close(news)
		for i := range moves {
			w.Move("session", fmt.Sprint("move ", i))
			w.Tell(store.Moves)
			for range 3 {
				news <- struct{}{}
			}
		}
	})
	var mu sync.Mutex
	sent := map[int64][]int64{} // by place, in the order they were posted
	for range 3 {
		replica := w.Replica()
		group.Go(func() {
			for open := true; open; _, open = <-news {
				post(replica, &mu, sent)
			}
			post(replica, &mu, sent)
		})
	}
	group.Wait()
	post(w, &mu, sent)
	for place, ids := range sent {
		for i := 1; i < len(ids); i++ {
			if ids[i] <= ids[i-1] {
				t.Errorf("place %d was sent %v", place, ids)
				break
			}
		}
		if len(ids) != moves {
			t.Errorf("place %d was sent %d of %d", place, len(ids), moves)
		}
	}
	if len(sent) != places {
		t.Errorf("%d of %d places were sent something", len(sent), places)
	}
	var stuck int
	if err := w.Outside.QueryRowContext(t.Context(), "SELECT count(*) FROM deliveries WHERE state <> 'sent' OR parked").Scan(&stuck); err != nil || stuck > 0 {
		t.Errorf("%d deliveries are stuck (%v)", stuck, err)
	}
}

// post notes whatever can be claimed as posted and settles it.
func post(w *World, mu *sync.Mutex, sent map[int64][]int64) {
	for {
		claimed := w.Claim(w.Now.Add(time.Second), 7)
		if len(claimed) == 0 {
			return
		}
		for _, c := range claimed {
			mu.Lock()
			sent[c.PlaceID] = append(sent[c.PlaceID], c.ID)
			mu.Unlock()
			w.Settle(c, store.OutcomeSent, nil)
		}
	}
}

// Replica gives the same world through a store of its own on PostgreSQL.
func (w *World) Replica() *World {
	w.T.Helper()
	other := *w
	if w.DB.Dialect() == "sqlite" {
		return &other
	}
	db, err := sqlstore.Open(w.T.Context(), w.URL, sqlstore.Options{Logger: Log(w.T)})
	if err != nil {
		w.T.Fatal(err)
	}
	w.T.Cleanup(func() { _ = db.Close() })
	other.DB = db
	return &other
}
