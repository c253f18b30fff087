package fanout

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sparkbot/store"
)

func options(o Options) Options {
	o.Now = time.Now
	o.MaxAge = 100 * 365 * 24 * time.Hour // synctest's clock starts in the year 2000
	o.Rand = func() float64 { return 0.5 }
	return o
}

// run starts f and gives a function that ends it and waits for its end.
func run(t *testing.T, f *Fanout, wake <-chan struct{}) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx, wake) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run gave %v after its context ended", err)
		}
	}
}

func TestTheFirstPlacesNeedNotWaitForTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFake(12, stored(1))
		var woken []int
		f := New(s, options(Options{Chunk: 5, Wake: func() { woken = append(woken, len(s.owed())) }}))
		n, err := f.Drain(t.Context())
		if n != 12 || err != nil {
			t.Fatalf("Drain = %d, %v; want 12 deliveries", n, err)
		}
		if want := []int{5, 10, 12}; !slices.Equal(woken, want) {
			t.Errorf("the worker was woken with %v deliveries owed, want %v", woken, want)
		}
	})
}

func TestAnImportOfHistoryPassesInBatches(t *testing.T) {
	var changes []store.Change
	for id := range int64(2000) {
		changes = append(changes, old(id+1))
	}
	changes[1234] = stored(1235)
	s := newFake(3, changes...)
	synctest.Test(t, func(t *testing.T) {
		o := options(Options{})
		o.MaxAge = DefaultMaxAge
		o.Now = func() time.Time { return noon }
		n, err := New(s, o).Drain(t.Context())
		if n != 3 || err != nil {
			t.Errorf("Drain = %d, %v; want one move told to 3 places", n, err)
		}
	})
	if len(s.changes) != 0 || s.finished > 4 {
		t.Errorf("%d changes are left after %d calls to drop them", len(s.changes), s.finished)
	}
}

func TestAChangeOfADeletedProjectIsDropped(t *testing.T) {
	s := newFake(3, stored(1))
	s.gone[1] = true
	synctest.Test(t, func(t *testing.T) {
		if n, err := New(s, options(Options{})).Drain(t.Context()); n != 0 || err != nil || len(s.changes) != 0 {
			t.Errorf("Drain = %d, %v with %d changes left", n, err, len(s.changes))
		}
	})
}

func TestAMoveIsToldAtAWakeUpAndAtAPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFake(1)
		wake := make(chan struct{}, 1)
		stop := run(t, New(s, options(Options{})), wake)
		synctest.Wait()

		s.store(stored(1))
		wake <- struct{}{}
		<-time.After(1001 * time.Millisecond) // the fake's chunk takes a second
		if n := len(s.owed()); n != 1 {
			t.Errorf("%d deliveries are owed after the wake-up, want 1", n)
		}

		close(wake) // the watcher ended; the poll goes on, and not in a circle
		s.store(stored(2))
		<-time.After(DefaultPoll + time.Second)
		if n := len(s.owed()); n != 2 {
			t.Errorf("%d deliveries are owed after the poll, want 2", n)
		}
		calls := s.asked()
		<-time.After(time.Minute)
		if more := s.asked() - calls; more > 31 {
			t.Errorf("at rest the database was asked %d times in a minute", more)
		}
		stop()
	})
}

func TestReplicasKeepTheOrderOfEveryPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const places, moves = 40, 6
		s := newFake(places)
		for id := range int64(moves) {
			s.store(stored(id + 1))
		}
		var stops []func()
		for range 3 {
			stops = append(stops, run(t, New(s, options(Options{Chunk: 7})), nil))
		}
		<-time.After(5 * time.Minute)
		for _, stop := range stops {
			stop()
		}
		last := map[int64]int64{}
		for _, d := range s.owed() {
			if d.move <= last[d.place] {
				t.Errorf("place %d hears of move %d after move %d", d.place, d.move, last[d.place])
			}
			last[d.place] = d.move
		}
		if n := len(s.owed()); n != places*moves {
			t.Errorf("%d deliveries are owed, want %d", n, places*moves)
		}
	})
}

func TestABusyChangeIsLeftAndWhatConcernsNobodyIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		recent := stored(3)
		edited := stored(2)
		edited.Kind = store.ChangeEdited
		s := newFake(2, stored(1), edited, recent)
		s.locked[1] = true // by a replica that dies soon
		stop := run(t, New(s, options(Options{})), nil)
		synctest.Wait()
		if got := s.left(); got != 2 || len(s.owed()) != 0 {
			t.Errorf("while change 1 is busy %d changes and %d deliveries stand, want 2 and 0", got, len(s.owed()))
		}
		s.mu.Lock()
		s.locked[1] = false
		s.mu.Unlock()
		<-time.After(DefaultPoll + 3*time.Second)
		if got := s.owed(); len(got) != 4 || got[0].move != 1 || got[3].move != 3 {
			t.Errorf("after it was let go the queue is %v", got)
		}
		stop()
	})
}

func TestAnOutageIsWaitedOutInOneLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := newFake(1, stored(1))
		s.set(errAway)
		wake := make(chan struct{}, 1)
		stop := run(t, New(s, options(Options{Log: slog.New(slog.NewTextHandler(&log, nil))})), wake)
		wake <- struct{}{}
		<-time.After(time.Minute)
		if s.asked() < 5 || s.asked() > 30 {
			t.Errorf("in a minute of outage the database was asked %d times", s.asked())
		}
		s.set(nil)
		<-time.After(lastPause + time.Second)
		stop()
		if n := len(s.owed()); n != 1 {
			t.Errorf("%d deliveries are owed after the outage, want 1", n)
		}
		text := log.String()
		if strings.Count(text, "fan-out waits") != 1 || strings.Count(text, "fan-out goes on") != 1 {
			t.Errorf("the outage's log is\n%s", text)
		}
	})
}

func TestStoppingInTheMiddleKeepsTheCursor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFake(12, stored(1))
		stop := run(t, New(s, options(Options{Chunk: 5})), nil)
		<-time.After(1500 * time.Millisecond) // one chunk done, the second under way
		stop()
		if n := len(s.owed()); n != 10 {
			t.Errorf("%d deliveries are owed when it stopped, want 10", n)
		}
		if n, err := New(s, options(Options{})).Drain(t.Context()); n != 2 || err != nil {
			t.Errorf("the next process told %d places (%v), want the last 2", n, err)
		}
	})
}

// TestOnlyWhatWasToldIsEdited has moves edited that somebody was told of, and
// many that nobody was.
func TestOnlyWhatWasToldIsEdited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFake(2, stored(1))
		o := options(Options{})
		o.MaxAge, o.Now = DefaultMaxAge, func() time.Time { return noon }
		if _, err := New(s, o).Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		for id := range int64(1200) {
			c := old(id + 1) // long ago: no news, but its message is still read
			c.ID, c.Kind = id+100, store.ChangeEdited
			s.store(c)
		}
		taken := stored(1)
		taken.ID, taken.Kind, taken.Move.RetractedAt = 5000, store.ChangeRetracted, noon
		s.store(taken)
		if n, err := New(s, o).Drain(t.Context()); n != 0 || err != nil {
			t.Errorf("Drain = %d, %v", n, err)
		}
		if want := []int64{1, 1}; !slices.Equal(s.edits, want) || s.left() != 0 || s.finished > 4 {
			t.Errorf("edits went to the messages of moves %v, want %v; %d changes are left after %d calls to drop them", s.edits, want, s.left(), s.finished)
		}
	})
}

func TestABurstIsDueTogether(t *testing.T) {
	for name, tc := range map[string]struct {
		moves int64
		later time.Duration
	}{"four moves": {4, 0}, "five": {5, gather}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newFake(2)
				for id := range tc.moves {
					s.store(stored(id + 1))
				}
				start := time.Now()
				if _, err := New(s, options(Options{Burst: 4})).Drain(t.Context()); err != nil {
					t.Fatal(err)
				}
				if due := s.owed()[0].due; due.Sub(start) != tc.later { // before the fake's first second
					t.Errorf("the first is due after %v, want %v", due.Sub(start), tc.later)
				}
			})
		})
	}
}
