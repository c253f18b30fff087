package fanout

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"sparkbot/store"
	"sparkbot/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// places makes n places that follow everything, and a last one that follows
// plain moves of session alone.
func places(w *storetest.World, n int) []store.Place {
	var all []store.Place
	for i := range n {
		all = append(all, w.Place(fmt.Sprintf("C%d", i), store.Sparks|store.Moves, storetest.Everything, storetest.Slug("session")))
	}
	return append(all, w.Place("C-moves", store.Moves, storetest.Slug("session")))
}

// told gives the moves a place is owed, oldest first.
func told(w *storetest.World, p store.Place) []int64 {
	w.T.Helper()
	deliveries, err := w.DB.Deliveries(w.T.Context(), p.ID, 100)
	if err != nil {
		w.T.Fatal(err)
	}
	var moves []int64
	for _, d := range slices.Backward(deliveries) {
		moves = append(moves, d.MoveID)
	}
	return moves
}

func TestASparkThatAnotherProgramStoresIsToldOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w := storetest.NewWorld(t, url)
		w.Project("session", "COMMS")
		all := places(w, 12)
		w.Move("session", "long ago")
		w.MustExec("UPDATE moves SET occurred_at = $1", w.Now.AddDate(-1, 0, 0).Format(time.RFC3339))

		owed := make(chan struct{}, 100)
		f := New(w.DB, Options{Now: time.Now, Log: storetest.Log(t), Chunk: 5, Wake: func() { owed <- struct{}{} }})
		ctx, cancel := context.WithCancel(t.Context())
		wake, err := w.DB.Watch(ctx)
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- f.Run(ctx, wake) }()

		w.Move("session", "funding is back")
		for range 3 { // chunks of 5, 5 and 3 places
			<-owed
		}
		w.MustExec("UPDATE moves SET spark = $1 WHERE title = $2", true, "funding is back")
		for len(w.Changes()) > 0 {
			<-time.After(10 * time.Millisecond)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		for _, p := range all {
			if moves := told(w, p); len(moves) != 1 {
				t.Errorf("%s is owed the moves %v, want one", p.Channel, moves)
			}
		}
	})
}

func TestReplicasOnOneDatabaseKeepTheOrder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w := storetest.NewWorld(t, url)
		w.Project("session", "COMMS")
		all := places(w, 60)
		const moves = 5
		for i := range moves {
			w.Move("session", fmt.Sprint("move ", i))
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 3)
		for range cap(ended) {
			f := New(w.DB, Options{Now: time.Now, Log: storetest.Log(t), Chunk: 7, Poll: 5 * time.Millisecond})
			go func() { ended <- f.Run(ctx, nil) }()
		}
		for len(w.Changes()) > 0 {
			<-time.After(10 * time.Millisecond)
		}
		cancel()
		for range cap(ended) {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		for _, p := range all {
			if got := told(w, p); len(got) != moves || !slices.IsSorted(got) {
				t.Errorf("%s is owed the moves %v", p.Channel, got)
			}
		}
	})
}
