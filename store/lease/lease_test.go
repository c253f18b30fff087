package lease_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"sparkbot/store"
	"sparkbot/store/heartbeat"
	"sparkbot/store/lease"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errAway = errors.New("connection refused")

// table keeps leases by its own clock, as the database does.
type table struct {
	mu     sync.Mutex
	holder string
	until  time.Time
}

// line is one replica's way to the table.
type line struct {
	*table
	mu   sync.Mutex
	cut  error         // what every call answers
	hang chan struct{} // when not nil, a call answers only once it is closed

	alone chan struct{} // when not nil, it takes itself to be alone until it is closed
}

func (l *line) Alone() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.alone
}

// setAlone has it take itself to be alone, rightly or not.
func (l *line) setAlone(alone bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.alone != nil {
		close(l.alone)
		l.alone = nil
	}
	if alone {
		l.alone = make(chan struct{})
	}
}

func (l *line) state() (hang chan struct{}, cut error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.hang, l.cut
}

func (l *line) set(cut error, hang chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut, l.hang = cut, hang
}

func (l *line) Hold(_ context.Context, _, holder string, ttl time.Duration) (bool, error) {
	hang, cut := l.state()
	if hang != nil {
		<-hang // a dead network knows nothing of contexts
		return false, errAway
	}
	if cut != nil {
		return false, cut
	}
	l.table.mu.Lock()
	defer l.table.mu.Unlock()
	if l.holder != holder && l.until.After(time.Now()) {
		return false, nil
	}
	l.holder, l.until = holder, time.Now().Add(ttl)
	return true, nil
}

func (l *line) Renew(_ context.Context, all []store.Holding) ([]store.Tenure, error) {
	hang, cut := l.state()
	if hang != nil {
		<-hang
		return nil, errAway
	}
	if cut != nil {
		return nil, cut
	}
	l.table.mu.Lock()
	defer l.table.mu.Unlock()
	answers := make([]store.Tenure, len(all))
	for i, h := range all {
		switch {
		case !l.until.After(time.Now()):
		case l.holder != h.Holder:
			answers[i] = store.Anothers
		default:
			answers[i], l.until = store.Renewed, time.Now().Add(h.TTL)
		}
	}
	return answers, nil
}

func (l *line) Release(_ context.Context, _, holder string) error {
	if hang, cut := l.state(); cut != nil || hang != nil {
		return errAway
	}
	l.table.mu.Lock()
	defer l.table.mu.Unlock()
	if l.holder == holder {
		l.holder, l.until = "", time.Time{}
	}
	return nil
}

// stage notes who works when.
type stage struct {
	mu    sync.Mutex
	now   map[string]bool
	most  int
	begun []string
}

func (s *stage) work(name string) func(context.Context) error {
	return func(ctx context.Context) error {
		s.mu.Lock()
		if s.now == nil {
			s.now = map[string]bool{}
		}
		s.now[name] = true
		s.most = max(s.most, len(s.now))
		s.begun = append(s.begun, name)
		s.mu.Unlock()
		<-ctx.Done()
		<-time.After(time.Second) // the work takes a moment to stop
		s.mu.Lock()
		delete(s.now, name)
		s.mu.Unlock()
		return context.Cause(ctx)
	}
}

func (s *stage) seen() (working int, begun []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.now), append([]string(nil), s.begun...)
}

// begin runs Do in the background and gives what ends it.
func begin(t *testing.T, l *line, name string, work func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := lease.New(l, heartbeat.New(l), lease.Options{Name: "test", Holder: name}).Do(ctx, work); err != nil && ctx.Err() == nil {
			t.Errorf("%s ended with %v", name, err)
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

func TestTurns(t *testing.T) {
	for _, scene := range []struct {
		name string
		// end takes the first holder away.
		end    func(first *line, stop func(), hang chan struct{})
		within time.Duration
		alone  bool // the first takes itself to be alone
	}{
		{"it stops in order", func(_ *line, stop func(), _ chan struct{}) { stop() }, 3 * time.Second, false},
		{"the database refuses it", func(l *line, _ func(), _ chan struct{}) { l.set(errAway, nil) }, 12 * time.Second, false},
		{"its network is dead", func(l *line, _ func(), hang chan struct{}) { l.set(nil, hang) }, 12 * time.Second, false},
		{"it did not hear the other come, and the database refuses it", func(l *line, _ func(), _ chan struct{}) { l.set(errAway, nil) }, 12 * time.Second, true},
		{"it did not hear the other come, and its network is dead", func(l *line, _ func(), hang chan struct{}) { l.set(nil, hang) }, 12 * time.Second, true},
	} {
		t.Run(scene.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				shared, s := &table{}, &stage{}
				first, second := &line{table: shared}, &line{table: shared}
				first.setAlone(scene.alone)
				hang := make(chan struct{})
				stopFirst := begin(t, first, "first", s.work("first"))
				<-time.After(time.Minute)
				stopSecond := begin(t, second, "second", s.work("second"))
				<-time.After(time.Minute)
				if working, begun := s.seen(); working != 1 || fmt.Sprint(begun) != "[first]" {
					t.Fatalf("%d work; begun were %v", working, begun)
				}
				scene.end(first, stopFirst, hang)
				<-time.After(scene.within)
				if working, begun := s.seen(); working != 1 || fmt.Sprint(begun) != "[first second]" {
					t.Errorf("after %v %d work; begun were %v", scene.within, working, begun)
				}
				if s.most != 1 {
					t.Errorf("%d worked at the same time", s.most)
				}
				close(hang)
				stopFirst()
				stopSecond()
			})
		})
	}
}

func TestWorkThatEndsGivesTheLeaseBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, broken := &line{table: &table{}}, errors.New("broken")
		turn := lease.New(l, heartbeat.New(l), lease.Options{Name: "test", Holder: "first"})
		err := turn.Do(t.Context(), func(context.Context) error {
			if !turn.Held() {
				t.Error("the work runs, and the lease is not held")
			}
			return broken
		})
		if !errors.Is(err, broken) || turn.Held() || l.holder != "" {
			t.Errorf("Do gave %v; held by %q", err, l.holder)
		}
	})
}

// TestNeverTwoAtATime cuts and mends the lines of three replicas at random.
func TestNeverTwoAtATime(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		seed := rapid.Uint64().Draw(r, "seed")
		synctest.Test(t, func(t *testing.T) {
			chance := rand.New(rand.NewPCG(seed, 1))
			shared, s := &table{}, &stage{}
			lines := make([]*line, 3)
			var stops []func()
			for i := range lines {
				lines[i] = &line{table: shared}
				stops = append(stops, begin(t, lines[i], fmt.Sprint(i), s.work(fmt.Sprint(i))))
			}
			for range 40 {
				l, hang := lines[chance.IntN(3)], make(chan struct{})
				l.setAlone(chance.IntN(2) == 0)
				switch chance.IntN(3) {
				case 0:
					l.set(errAway, nil)
				case 1:
					l.set(nil, hang)
					time.AfterFunc(time.Duration(chance.Int64N(int64(time.Minute))), func() { close(hang) })
				default:
					l.set(nil, nil)
				}
				<-time.After(time.Duration(chance.Int64N(int64(20 * time.Second))))
			}
			for _, l := range lines {
				l.set(nil, nil)
			}
			<-time.After(2 * time.Minute)
			if working, _ := s.seen(); working != 1 || s.most != 1 {
				t.Errorf("%d work at the end, %d at once at most", working, s.most)
			}
			for _, stop := range stops {
				stop()
			}
		})
	})
}
