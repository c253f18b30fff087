package deliver

import (
	"context"
	"time"
)

// setBackFrom is how far a clock may go back without being called wrong.
const setBackFrom = time.Second

// setBack reports how far the clock went back between two looks, by what it
// shows: times that are stored are compared by that alone.
func setBack(before, now time.Time) (time.Duration, bool) {
	back := before.Round(0).Sub(now.Round(0)) // without the monotonic reading
	return back, !before.IsZero() && back > setBackFrom
}

// watchClock notices that the clock was set back since the lane last looked. What
// was put off by the wrong clock would wait for as long as that was ahead.
func (l *lane) watchClock(ctx context.Context, now time.Time) {
	back, wrong := setBack(l.seen, now)
	l.seen = now
	if !wrong {
		return
	}
	l.o.Log.Warn("the clock was set back; what it had put off is due again", "by", back.Round(time.Millisecond))
	l.throttles.forget()
	l.health.retry()
	l.mend(ctx, now)
}

// mend brings forward what a wrong clock of this process, or of an earlier one,
// has put off for longer than any retry waits. Waits a platform asked for are
// shortened as well; it will say so again.
func (l *lane) mend(ctx context.Context, now time.Time) {
	n, err := l.queue.MendTimes(ctx, now, now.Add(lastWait), now.Add(l.o.Lease))
	if err != nil {
		l.o.Log.Debug("what a wrong clock may have put off is not looked for", "err", err)
	}
	if n > 0 {
		l.o.Log.Warn("deliveries were put off by a clock that was ahead; they are due now", "deliveries", n)
	}
}
