package momentum

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sparkbot/store"
)

// shelf is a store of nothing that counts how often it is looked at.
type shelf struct {
	looks []time.Time
	away  atomic.Bool
}

func (s *shelf) Projects(context.Context) ([]store.Project, error) {
	s.looks = append(s.looks, time.Now())
	if s.away.Load() {
		return nil, errors.New("connection refused")
	}
	return nil, nil
}

func (s *shelf) Project(context.Context, int64) (store.Project, error) {
	return store.Project{}, store.ErrNotFound
}

func (s *shelf) Pulse(context.Context, ...int64) (map[int64][]store.Move, error) { return nil, nil }

func (s *shelf) LastSnapshots(context.Context) (map[int64]time.Time, error) { return nil, nil }

func (s *shelf) KeepSnapshots(context.Context, []store.Snapshot) (int, error) { return 0, nil }

func (s *shelf) DropSnapshots(context.Context, time.Time) error { return nil }

func (s *shelf) Momenta(context.Context) (map[int64]store.Momentum, error) { return nil, nil }

func (s *shelf) KeepMomenta(context.Context, []store.Momentum, []store.Turning) error { return nil }

func (s *shelf) Turnings(context.Context, int) ([]store.Turning, error) { return nil, nil }

func (s *shelf) ExpandTurning(context.Context, store.TurningExpansion) (int, bool, error) {
	return 0, true, nil
}

func TestItLooksWhenSomethingChangedAndWhenADayIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // begins at midnight UTC, 1 January 2000
		s, wake := &shelf{}, make(chan struct{}, 1)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- New(s, Options{Now: time.Now, Poll: 10 * time.Hour}).Run(ctx, wake) }()
		at := func(d time.Duration) time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(d) }
		sleep := func(d time.Duration) { <-time.After(d); synctest.Wait() }
		sleep(time.Second)
		for range 3 { // an import: one look for all of it, half a minute after the last
			select {
			case wake <- struct{}{}:
			default:
			}
		}
		sleep(time.Hour)
		s.away.Store(true)
		wake <- struct{}{}
		sleep(time.Hour)
		s.away.Store(false)
		sleep(23 * time.Hour)
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run gave %v after its context ended", err)
		}
		want := []time.Time{at(0), at(30 * time.Second), at(time.Hour + time.Second), at(11*time.Hour + time.Second), at(21*time.Hour + time.Second), at(24 * time.Hour)}
		if len(s.looks) != len(want) {
			t.Fatalf("it looked at %v", s.looks)
		}
		for i := range want {
			if !s.looks[i].Equal(want[i]) {
				t.Errorf("look %d was at %s, want %s", i, s.looks[i], want[i])
			}
		}
	})
}
