package digest

import (
	"cmp"
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"sparkbot/store"
	"sparkbot/store/pulse"
)

// Store is what a Calendar needs of the database. Each call is about many places.
type Store interface {
	// UnsetDigests gives digests without a next time, or one beyond latest.
	UnsetDigests(ctx context.Context, latest time.Time, limit int) ([]store.Digest, error)
	DueDigests(ctx context.Context, now time.Time, limit int) ([]store.Due, error)
	// NextDigest gives when the next digest is due, and false when there is none.
	NextDigest(ctx context.Context) (time.Time, bool, error)
	// Notices gives the last notice; no later one can come below it.
	Notices(ctx context.Context) (int64, error)
	// Unnoticed reports whether a change from before a time was not noticed yet.
	Unnoticed(ctx context.Context, before time.Time) (bool, error)
	// CloseDigests moves digests on and owes editions, all or none, and leaves out
	// those that another process closed first.
	CloseDigests(ctx context.Context, now, giveUpAt time.Time, editions []store.Edition, closings []store.Closing) (closed, owed int, err error)
	PruneEditions(ctx context.Context, before time.Time) (int, error)
}

// Defaults of Options.
const (
	DefaultChunk       = 5000
	DefaultPoll        = 30 * time.Second
	DefaultGiveUpAfter = 24 * time.Hour
	DefaultPatience    = 30 * time.Second
)

// keepEditions is how long an edition's button for the full list works.
const keepEditions = 90 * 24 * time.Hour

// Options say how a Calendar works. Now is required; the zero value of anything
// else means its default.
type Options struct {
	// Chunk is how many places are closed in one transaction at most.
	Chunk int
	// Poll is how long Run waits before it looks whether a schedule was changed.
	Poll time.Duration
	// GiveUpAfter is how long a digest is tried, counted from when it is owed.
	GiveUpAfter time.Duration
	// Patience is how long a digest waits for moves that were stored before its
	// time and not noticed yet, as after an outage.
	Patience time.Duration
	Now      func() time.Time
	Rand     func() float64 // chance from 0 up to 1, for the pauses of an outage
	Log      *slog.Logger
}

// Calendar closes the weeks of places as their time comes.
type Calendar struct {
	store  Store
	o      Options
	waited time.Time // since when due digests wait for the outbox; zero when none do
}

// New makes a Calendar over s.
func New(s Store, o Options) *Calendar {
	o.Chunk = cmp.Or(o.Chunk, DefaultChunk)
	o.Poll = cmp.Or(o.Poll, DefaultPoll)
	o.GiveUpAfter = cmp.Or(o.GiveUpAfter, DefaultGiveUpAfter)
	o.Patience = cmp.Or(o.Patience, DefaultPatience)
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Calendar{store: s, o: o}
}

// Run closes weeks until ctx ends; then it gives nil. A receive from wake makes
// it look at once. Several processes may run at the same time. While the database is away it tries again after growing pauses and
// writes one line when that begins and one when it ends.
func (c *Calendar) Run(ctx context.Context, wake <-chan struct{}) error {
	for failures := 0; ctx.Err() == nil; {
		rest, err := c.Pass(ctx)
		failures = c.count(ctx, failures, err)
		if failures > 0 {
			rest = pause(failures, c.o.Rand())
		}
		timer := time.NewTimer(rest)
		select {
		case <-ctx.Done():
		case <-wake:
		case <-timer.C:
		}
		timer.Stop()
	}
	return nil
}

// count gives the number of failures in a row and says when they begin and end.
// What fails because the service stops is none.
func (c *Calendar) count(ctx context.Context, failures int, err error) int {
	switch {
	case ctx.Err() != nil:
		return failures
	case err == nil:
		if failures > 0 {
			c.o.Log.Info("digests go on", "failures", failures)
		}
		return 0
	case failures == 0:
		c.o.Log.Error("digests wait: they come when the database answers again", "err", err)
	}
	return failures + 1
}

// The pauses of an outage double up to lastPause; outboxPause is how long to wait
// for fan-out.
const (
	firstPause  = 250 * time.Millisecond
	lastPause   = 5 * time.Second
	outboxPause = 100 * time.Millisecond
)

// pause is how long to leave the database alone after so many failures in a row:
// between half and the whole of a time that doubles.
func pause(failures int, chance float64) time.Duration {
	whole := lastPause
	if n := max(failures, 1) - 1; n < 8 {
		whole = min(firstPause<<n, lastPause)
	}
	return whole/2 + time.Duration(chance*float64(whole/2))
}

// Pass does all that is to be done now, and gives how long to rest.
func (c *Calendar) Pass(ctx context.Context) (time.Duration, error) {
	if err := c.arm(ctx, c.o.Now()); err != nil {
		return 0, err
	}
	next, some, err := c.store.NextDigest(ctx)
	now := c.o.Now()
	look := pulse.Next(now, c.o.Poll)
	if err != nil || !some {
		return look, err
	}
	if next.After(now) {
		return min(next.Sub(now), look), nil
	}
	if waits, err := c.outbox(ctx, now); waits || err != nil {
		return outboxPause, err
	}
	if err := c.close(ctx, now); err != nil {
		return 0, err
	}
	// Whatever is still due is in the hands of another process.
	return min(look, time.Second), nil
}

// outbox reports whether to wait for moves that were stored before now and not
// noticed yet: after an outage they belong in the digest that comes late, not in
// the one after.
func (c *Calendar) outbox(ctx context.Context, now time.Time) (bool, error) {
	waits, err := c.store.Unnoticed(ctx, now)
	if err != nil {
		return false, err
	}
	switch {
	case !waits:
		c.waited = time.Time{}
	case c.waited.IsZero():
		c.waited = now
	case now.Sub(c.waited).Abs() >= c.o.Patience:
		c.o.Log.Warn("digests wait no longer for moves that are not noticed yet; those come with the next ones", "waited", now.Sub(c.waited))
		c.waited = time.Time{}
		return false, nil
	}
	return waits, nil
}

// arm works out the next time of digests that have none.
func (c *Calendar) arm(ctx context.Context, now time.Time) error {
	for {
		unset, err := c.store.UnsetDigests(ctx, now.Add(farthest), c.o.Chunk)
		if err != nil || len(unset) == 0 {
			return err
		}
		closings := make([]store.Closing, len(unset))
		for i, d := range unset {
			closings[i] = store.Closing{PlaceID: d.PlaceID, Due: d.NextAt, NextAt: c.next(d, now), Edition: -1, Since: d.Since, Seen: d.Seen}
		}
		closed, _, err := c.store.CloseDigests(ctx, now, now, nil, closings)
		if err != nil || closed == 0 {
			return err
		}
	}
}

// next is when a place's next digest comes. A zone that this version does not
// know any more is taken for UTC, because a digest at the wrong hour says so and
// one that never comes does not.
func (c *Calendar) next(d store.Digest, now time.Time) time.Time {
	next, err := NextOf(d, now)
	if err == nil {
		return next
	}
	c.o.Log.Error("a digest's schedule cannot be read and is taken for the default", "place", d.PlaceID, "schedule", d.Schedule, "err", err)
	d.Schedule = store.DefaultSchedule
	next, _ = NextOf(d, now) // the default is always readable
	return next
}
