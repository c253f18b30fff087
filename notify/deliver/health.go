package deliver

import (
	"log/slog"
	"sync"
	"time"

	"sparkbot/notify"
)

const (
	// alike is how many places' posts must fail in a row, with none accepted in
	// between, until it is the platform that fails and no message of it.
	alike = 3
	// longestDown bounds the wait between two tries while a platform fails, so that
	// nothing waits much longer than that once it is well again.
	longestDown = time.Minute
)

// health knows whether a platform fails as a whole. While it does, a few posts at
// a time try it, the longest due first and later and later, and none of them costs
// an attempt: a message must not be given up for what is no fault of its own.
type health struct {
	log *slog.Logger

	mu      sync.Mutex
	failing map[int64]struct{} // places whose posts failed since one was accepted
	down    bool
	tries   int       // in vain, since it is down
	until   time.Time // when it is tried next
}

func newHealth(log *slog.Logger) *health {
	return &health{log: log, failing: map[int64]struct{}{}}
}

// state reports whether the platform fails, and when it may be tried. What is
// claimed already is posted all the same: it may be what shows that the platform
// is well.
func (h *health) state() (down bool, until time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.down, h.until
}

// retry lets a platform that fails be tried at once.
func (h *health) retry() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.until = time.Time{}
}

// note takes in how a request that concerned a place ended: f is nil when it was
// accepted. When the platform fails as a whole it gives the time until which
// everything waits. Of posts that fail together one makes the wait longer.
func (h *health) note(place int64, f *notify.Failure, began, now time.Time, chance float64) (until time.Time, down bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case f == nil || f.Kind == notify.Permanent || f.Kind == notify.Gone || f.Kind == notify.Missing:
		h.well()
		return time.Time{}, false
	case f.Kind == notify.Throttled:
		return time.Time{}, false
	}
	h.failing[place] = struct{}{}
	if !h.down && !f.Unreached() && len(h.failing) < alike {
		return time.Time{}, false
	}
	if !h.down {
		h.down, h.tries, h.until = true, 0, time.Time{}
		h.log.Error("the platform fails; messages wait and none is given up for it", "reason", f.Reason, "err", f.Err)
	}
	if !began.Before(h.until) {
		h.tries++
		h.until = wholeMillis(now.Add(max(downFor(h.tries, chance), f.After)))
	}
	return h.until, true
}

// well forgets every failure. The caller holds the lock.
func (h *health) well() {
	if h.down {
		h.log.Info("the platform is well again", "tries", h.tries)
	}
	if len(h.failing) > 0 {
		clear(h.failing)
	}
	h.down, h.tries, h.until = false, 0, time.Time{}
}

// downFor is how long to wait after so many tries in vain: between half and the
// whole of a time that begins at a second and doubles up to longestDown.
func downFor(tries int, chance float64) time.Duration {
	whole := longestDown
	if n := max(tries, 1) - 1; n < 8 {
		whole = min(time.Second<<n, longestDown)
	}
	return whole/2 + time.Duration(chance*float64(whole/2))
}
