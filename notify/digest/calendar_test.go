package digest

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sparkbot/store"
)

// fakeStore keeps digests in memory by the rules of the real one.
type fakeStore struct {
	mu       sync.Mutex
	digests  map[int64]*store.Due
	away     error
	notices  int64
	unseen   bool // a change waits in the outbox
	posted   []store.Edition
	postedAt []time.Time
	calls    int
}

func (s *fakeStore) call() error {
	s.calls++
	return s.away
}

func (s *fakeStore) UnsetDigests(_ context.Context, latest time.Time, _ int) (unset []store.Digest, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.digests {
		if !d.Off && (d.NextAt.IsZero() || d.NextAt.After(latest)) {
			unset = append(unset, d.Digest)
		}
	}
	return unset, s.call()
}

func (s *fakeStore) DueDigests(_ context.Context, now time.Time, _ int) (due []store.Due, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.digests {
		if !d.NextAt.IsZero() && !d.NextAt.After(now) {
			due = append(due, *d)
		}
	}
	return due, s.call()
}

func (s *fakeStore) NextDigest(context.Context) (next time.Time, some bool, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.digests {
		if !d.NextAt.IsZero() && (!some || d.NextAt.Before(next)) {
			next, some = d.NextAt, true
		}
	}
	return next, some, s.call()
}

func (s *fakeStore) Notices(context.Context) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.notices, s.call()
}

func (s *fakeStore) Unnoticed(context.Context, time.Time) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.unseen, s.call()
}

func (s *fakeStore) CloseDigests(_ context.Context, now, _ time.Time, editions []store.Edition, closings []store.Closing) (closed, owed int, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.call(); err != nil {
		return 0, 0, err
	}
	for _, c := range closings {
		d := s.digests[c.PlaceID]
		if !d.NextAt.Equal(c.Due) || d.Off {
			continue
		}
		d.NextAt, d.Since, d.Seen = c.NextAt, c.Since, c.Seen
		closed++
		if c.Edition >= 0 {
			s.posted, s.postedAt = append(s.posted, editions[c.Edition]), append(s.postedAt, now)
			owed++
		}
	}
	return closed, owed, nil
}

func (s *fakeStore) PruneEditions(context.Context, time.Time) (int, error) { return 0, nil }

// change edits the only place's digest.
func (s *fakeStore) change(edit func(d *store.Due)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	edit(s.digests[1])
}

// came gives what was posted so far, as times.
func (s *fakeStore) came() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, at := range s.postedAt {
		all = append(all, at.UTC().Format("Mon 2 15:04:05"))
	}
	return strings.Join(all, ", ")
}

// scene runs a calendar over one place that wants its digest on Mondays at nine,
// on synctest's clock, which begins on Saturday 1 January 2000.
type scene struct {
	*testing.T
	store *fakeStore
	log   *bytes.Buffer
	skew  time.Duration // what the process's clock is off by
	mu    sync.Mutex
}

func newScene(t *testing.T) *scene {
	s := &fakeStore{digests: map[int64]*store.Due{1: {
		Digest: store.Digest{PlaceID: 1, Schedule: store.DefaultSchedule, Wanted: true}, Follows: `[{"kind":"everything"}]`,
	}}}
	return &scene{T: t, store: s, log: &bytes.Buffer{}}
}

func (s *scene) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.skew)
}

func (s *scene) turn(by time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.skew += by
}

// run keeps a process running for a while.
func (s *scene) run(d time.Duration) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), d)
	defer cancel()
	c := New(s.store, Options{Now: s.now, Rand: func() float64 { return 0.5 }, Log: slog.New(slog.NewTextHandler(s.log, nil))})
	if err := c.Run(ctx, nil); err != nil {
		s.Errorf("Run gave %v", err)
	}
}

// sleep lets time pass without a process.
func (s *scene) sleep(d time.Duration) { <-time.After(d) }

func (s *scene) expect(came string) {
	s.Helper()
	if got := s.store.came(); got != came {
		s.Errorf("digests came at %s, want %s", got, came)
	}
}

const day = 24 * time.Hour

func TestADigestComesOnTimeAndOnceAWeek(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.run(17 * day)
		s.expect("Mon 3 09:00:00, Mon 10 09:00:00, Mon 17 09:00:00")
		for i, e := range s.store.posted {
			if first := i == 0; e.First != first || e.End.Sub(e.Begin) != week || !first && !e.Begin.Equal(s.store.posted[i-1].End) {
				t.Errorf("window %d goes from %s to %s (first %v)", i, e.Begin, e.End, e.First)
			}
		}
	})
}

func TestADigestComesOnceWhenTheProcessWasDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.run(day)
		s.sleep(day + 20*time.Hour) // over nine o'clock, till Monday 20:00
		s.store.notices = 40
		for range 3 { // started again and again
			s.run(time.Minute)
		}
		s.run(8 * day)
		s.expect("Mon 3 20:00:00, Mon 10 09:00:00")
		if e := s.store.posted[1]; !e.Begin.Equal(s.store.posted[0].End) || e.After != 40 {
			t.Errorf("the window after a late one is %+v", e)
		}
	})
}

func TestADigestADayLateIsLeftOutAndItsWeekToldWithTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.run(4 * day)
		s.sleep(5*day + 9*time.Hour) // till Monday 10, 09:00
		s.sleep(day)                 // exactly a day too late
		s.run(7 * day)
		s.expect("Mon 3 09:00:00, Mon 17 09:00:00")
		if e := s.store.posted[1]; e.End.Sub(e.Begin) != 2*week || e.First {
			t.Errorf("the window goes from %s to %s", e.Begin, e.End)
		}
		if log := s.log.String(); strings.Count(log, "a digest is left out") != 1 || !strings.Contains(log, "due=2000-01-10T09:00:00") {
			t.Errorf("the log says:\n%s", log)
		}
	})
}

func TestAlmostADayLateIsNotTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.run(day)
		s.sleep(2*day + 9*time.Hour - time.Second)
		s.run(time.Hour)
		s.expect("Tue 4 08:59:59")
	})
}

func TestAClockThatIsTurnedDoublesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.run(2*day + 10*time.Hour) // Monday, ten o'clock
		s.turn(-2 * time.Hour)      // put back to eight
		s.run(day)
		s.expect("Mon 3 09:00:00")
		s.turn(2*time.Hour + 3*365*day) // years ahead, and after a while right again
		s.run(time.Minute)
		s.turn(-3 * 365 * day)
		s.run(8 * day)
		if got := s.store.came(); !strings.HasPrefix(got, "Mon 3 09:00:00") || strings.Count(got, "Mon 10 09:00:00") != 1 {
			t.Errorf("digests came at %s", got)
		}
	})
}

func TestWhatNobodyWantsIsNotPosted(t *testing.T) {
	for what, edit := range map[string]func(d *store.Due){
		"no subscription chose it": func(d *store.Due) { d.Follows = "" },
		"the place is gone":        func(d *store.Due) { d.Gone = true },
		"it is off":                func(d *store.Due) { d.Off, d.NextAt = true, time.Time{} },
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				s.run(day)
				s.store.change(edit)
				s.run(9 * day)
				s.expect("")
			})
		})
	}
}

func TestAnOutageIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.run(time.Hour)
		s.store.away, s.store.calls = errors.New("connection refused"), 0
		s.run(2*day + 8*time.Hour + time.Minute)
		calls := s.store.calls
		s.store.away = nil
		s.run(time.Minute)
		s.expect("Mon 3 09:01:00")
		log := s.log.String()
		if strings.Count(log, "digests wait") != 1 {
			t.Errorf("the log says:\n%s", log)
		}
		if most := int((2*day + 10*time.Hour) / (2 * time.Second)); calls > most {
			t.Errorf("the database was asked %d times while it was away", calls)
		}
	})
}

func TestADigestWaitsForMovesThatAreNotNoticedYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.store.unseen = true
		s.run(2*day + 9*time.Hour + 10*time.Second)
		s.expect("")
		s.store.unseen = false
		s.run(time.Second)
		s.expect("Mon 3 09:00:10")
	})
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.store.unseen = true // for ever
		s.run(3 * day)
		if got := s.store.came(); !strings.HasPrefix(got, "Mon 3 09:00:3") {
			t.Errorf("it came at %s, want half a minute late", got)
		}
	})
}

func TestASleepingCalendarAsksLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.run(time.Hour)
		if perMinute := s.store.calls / 60; perMinute > 24+1 {
			t.Errorf("it asks the database %d times a minute", perMinute)
		}
	})
}

func TestUpcomingWindows(t *testing.T) {
	now := time.Date(2026, time.August, 10, 9, 0, 30, 0, time.UTC)
	for _, tc := range []struct {
		name  string
		since time.Time
		begin string
		first bool
	}{
		{"the first looks back a week", time.Time{}, "2026-08-03 09:00", true},
		{"the next begins where the last ended", now.AddDate(0, 0, -7).Truncate(time.Minute), "2026-08-03 09:00", false},
		{"a short one", now.Add(-30 * time.Hour), "2026-08-09 03:00", false},
		{"four weeks are not too long", now.Truncate(time.Minute).Add(-longest), "2026-07-13 09:00", false},
		{"a year without one begins anew", now.AddDate(-1, 0, 0), "2026-08-03 09:00", true},
		{"an end in the future is not believed", now.Add(time.Hour), "2026-08-03 09:00", true},
	} {
		e := Upcoming(store.Digest{Since: tc.since, Seen: 50}, "x", now, 70)
		if got := e.Begin.Truncate(time.Minute).Format("2006-01-02 15:04"); got != tc.begin || e.First != tc.first || e.After != 50 || e.UpTo != 70 || e.End.Second() != 0 {
			t.Errorf("%s: %+v, want it to begin at %s", tc.name, e, tc.begin)
		}
	}
	if e := Upcoming(store.Digest{Seen: 50}, "x", now, 40); e.UpTo != 50 {
		t.Errorf("a stale last notice takes the window back to %d", e.UpTo)
	}
}
