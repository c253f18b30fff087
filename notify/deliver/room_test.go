package deliver

import (
	"testing"
	"time"

	"sparkbot/notify/pace"
)

func TestMoreIsClaimedOnceHalfHaveEnded(t *testing.T) {
	for _, tc := range []struct {
		name       string
		limit      int // of the platform, 0: none
		busy, open int
		want       int
	}{
		{"nothing is held", 0, 0, 0, maxAhead},
		{"more than half are under way", 0, maxAhead/2 + 88, maxAhead/2 + 1, 0},
		{"half have ended and are recorded", 0, maxAhead / 2, maxAhead / 2, maxAhead / 2},
		{"half have ended and wait for their records", 0, maxAhead, maxAhead / 2, maxAhead / 2},
		{"few are under way and too many wait for their records", 0, 2*maxAhead - 148, 100, 148},
		{"none is under way and too many wait for their records", 0, 2 * maxAhead, 0, 0},
		{"a known rate keeps what is not recorded within it", 49, 60, 10, 4},
	} {
		l := &lane{o: Options{Now: time.Now}.withDefaults(), budget: pace.NewBudget(tc.limit, time.Now)}
		l.typical.add(3 * time.Millisecond)
		l.busy.Store(int64(tc.busy))
		l.open.Store(int64(tc.open))
		if got := l.room(); got != tc.want {
			t.Errorf("%s: room for %d, want %d", tc.name, got, tc.want)
		}
	}
}

func TestTheLaneWakesWhenHalfHaveEnded(t *testing.T) {
	l := &lane{o: Options{Now: time.Now}.withDefaults(), budget: pace.NewBudget(0, time.Now), wake: make(chan struct{}, 1)}
	l.typical.add(3 * time.Millisecond)
	l.busy.Store(maxAhead)
	l.open.Store(maxAhead)
	l.room()
	for left := maxAhead - 1; left >= 0; left-- {
		l.end()
		select {
		case <-l.wake:
			if left != maxAhead/2 {
				t.Errorf("it is woken with %d left", left)
			}
		default:
			if left == maxAhead/2 {
				t.Error("it sleeps on with half left")
			}
		}
	}
}
