package deliver

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"sparkbot/notify/pace"
	"sparkbot/store"
	"sparkbot/store/pulse"
)

// shortest is the least time between two claims that gave nothing, however many
// places end their wait in between.
const shortest = 10 * time.Millisecond

// lane is the delivery to one platform: its slots, its limits and its bodies.
// Platforms share nothing, so one that hangs cannot hold up another.
type lane struct {
	queue    Queue
	library  Library
	sender   Sender
	platform store.Platform
	limit    Limit
	o        Options
	settler  *settler
	outage   *outage

	busy      atomic.Int64        // claims that are not recorded yet
	open      atomic.Int64        // of them, those that have not ended
	low       atomic.Int64        // so few of which wake the lane
	content   atomic.Bool         // nothing was due when it last asked
	jobs      chan *store.Claimed // claims that wait for a worker; has room for as many as may be held
	typical   typical             // how long a post takes
	sends     sync.WaitGroup
	wake      chan struct{}
	budget    *pace.Budget
	throttles *throttles
	turns     deadline // of those who wait for a turn
	posts     deadline // of those under way
	health    *health
	bodies    bodies
	failures  int // of the queue, in a row
	gate      sync.RWMutex
	closed    bool      // jobs are
	resting   bool      // the last claim gave nothing: one question tells whether the next would
	seen      time.Time // the clock, when the lane last looked
}

// most is how many claims the lane may hold now: where the platform's rate is
// known, one for each worker, but no more than its budget lets it begin within
// half of the time that a lease leaves; else up to maxAhead.
func (l *lane) most() int {
	ahead, bounded := l.budget.Ahead(l.o.slack() / 2)
	if !bounded {
		return max(l.o.Workers, maxAhead)
	}
	return min(l.o.Workers, ahead)
}

// ahead is how many claims to hold at present, when a post takes about so long.
// Claiming in large steps is what makes a database cheap, but a claim that waits
// for its post uses up its lease: beyond one for each worker, no more are held
// than can begin within half of the time that a lease leaves.
func ahead(o Options, most int, took time.Duration) int {
	if took <= 0 {
		return min(most, o.Workers)
	}
	begin := float64(o.Workers) * (o.slack().Seconds() / 2) / took.Seconds()
	return min(most, max(o.Workers, int(min(begin, maxAhead))))
}

// maxAhead bounds the claims of a lane, and with them its memory: 2 MB, as much again
// while they wait for their records.
const maxAhead = 2048

// typical is how long a post took of late. It is safe for concurrent use; a
// figure lost between two writers does not matter.
type typical struct{ nanos atomic.Int64 }

// add counts one post in. A slow one counts at once and in full, because what is
// held too long goes back to the queue; quick ones bring the figure down slowly.
func (t *typical) add(took time.Duration) {
	old := t.nanos.Load()
	t.nanos.Store(max(int64(took), old-old/16))
}

func (t *typical) get() time.Duration { return time.Duration(t.nanos.Load()) }

// poke lets the lane look at the queue again.
func (l *lane) poke() { signal(l.wake) }

// ease is poke for when the lane has more room, which is nothing to one that found
// nothing due.
func (l *lane) ease() {
	if !l.content.Load() {
		l.poke()
	}
}

// run claims until ctx ends. Posts go on for as long as sending lasts. The
// workers stay, because a goroutine for each post would grow its stack anew.
func (l *lane) run(ctx, sending context.Context) {
	for range l.o.Workers {
		l.sends.Go(func() {
			for next := range l.jobs {
				c := *next // so that one slow post does not keep all that were claimed with it
				l.deliver(ctx, sending, &c)
			}
		})
	}
	defer l.shut()
	l.mend(ctx, l.o.Now())
	for ctx.Err() == nil {
		rest, wake := l.fill(ctx), l.wake
		if l.failures > 0 {
			wake = nil // a database that is away is not hurried
		}
		timer := time.NewTimer(rest)
		select {
		case <-ctx.Done():
		case <-wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// fill claims until every slot is taken or nothing more is due, and gives how
// long to rest if nobody wakes the lane before.
func (l *lane) fill(ctx context.Context) time.Duration {
	l.content.Store(false)
	for ctx.Err() == nil {
		now := l.o.Now()
		l.watchClock(ctx, now)
		down, tryAt := l.health.state()
		if until := later(l.throttles.all(), tryAt); until.After(now) {
			return until.Sub(now)
		}
		room := l.room()
		if room <= 0 || l.settler.behind.Load() {
			return l.o.Poll
		}
		if down { // a few posts try it
			if l.busy.Load() > 0 {
				return l.o.Poll
			}
			room = min(room, alike)
		}
		if l.resting {
			next, open, err := l.queue.NextDue(ctx, now)
			if err != nil && ctx.Err() == nil {
				return l.failed(err)
			}
			if err == nil && (!open || next.After(now)) {
				l.answered()
				l.content.Store(true)
				return l.until(next)
			}
		}
		r := store.ClaimRequest{
			Platforms: []store.Platform{l.platform}, Now: now, Lease: l.o.Lease, Limit: room, Company: l.o.Burst > 0,
		}
		if l.budget.Shared() { // what others sent is in the database only
			r.Early = early
		}
		throttled := l.throttles.skip(&r, l.platform, now)
		claimed, err := l.claim(ctx, r)
		if err != nil {
			return l.failed(err)
		}
		l.resting = len(claimed) == 0
		l.hold(len(claimed))
		for i := range claimed {
			l.jobs <- &claimed[i]
		}
		if len(claimed) < room {
			return l.idle(ctx, now, throttled)
		}
	}
	return 0
}

// room is how many deliveries to claim now. While many are held, a few free
// places are not worth a question to the database: more are claimed once half of
// them have ended, recorded or not, so that the workers have the other half to post
// meanwhile. Where a post has a worker at once, no more are held than workers; else
// no more than twice as many wait for their records.
func (l *lane) room() int {
	busy, open, most := int(l.busy.Load()), int(l.open.Load()), ahead(l.o, l.most(), l.typical.get())
	l.low.Store(int64(most / 2))
	switch {
	case open > most/2:
		return 0
	case most <= l.o.Workers:
		return most - busy
	default:
		return min(most-open, 2*most-busy)
	}
}

// end notes that a claim ended, and wakes the lane when few are left.
func (l *lane) end() {
	if l.open.Add(-1) == l.low.Load() {
		l.ease()
	}
}

// claim asks the queue on a context that outlives a shutdown: a claim whose
// answer is thrown away would lie there until its lease ends.
func (l *lane) claim(ctx context.Context, r store.ClaimRequest) ([]store.Claimed, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.o.Lease/4)
	defer cancel()
	claimed, err := l.queue.Claim(ctx, r)
	if err == nil {
		l.answered()
	}
	return claimed, err
}

// answered notes that the database works.
func (l *lane) answered() {
	l.failures = 0
	l.outage.ended(l)
}

func (l *lane) failed(err error) time.Duration {
	l.failures++
	l.outage.began(l, err)
	return pause(l.failures, l.o.Rand())
}

// idle is how long to rest when nothing more can be claimed: until the next
// delivery is due, or, when one is due already but has to wait for others, until
// the first throttled place may go on. Whatever ends here wakes the lane itself;
// the poll finds what ended elsewhere.
func (l *lane) idle(ctx context.Context, now, throttled time.Time) time.Duration {
	next, open, err := l.queue.NextDue(ctx, now)
	switch {
	case ctx.Err() != nil:
		return 0
	case err != nil:
		return l.failed(err)
	case open && next.After(now):
	case open:
		return min(l.until(throttled), elsewhere)
	}
	l.content.Store(true)
	return l.until(next)
}

// elsewhere is how often the queue is asked at least while a delivery is due that waits
// for what another process may be sending.
const elsewhere = 2 * time.Second

// until is how long to rest when the next delivery is due then; zero is never.
func (l *lane) until(next time.Time) time.Duration {
	now := l.o.Now()
	look := pulse.Next(now, l.o.Poll)
	if next.IsZero() {
		return look
	}
	return min(max(next.Sub(now), shortest), look)
}
