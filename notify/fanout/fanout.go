package fanout

import (
	"cmp"
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"sparkbot/store"
	"sparkbot/store/pulse"
)

// Store is what fan-out needs of the database.
type Store interface {
	// Changes gives the oldest changes, in the order of their ids.
	Changes(ctx context.Context, limit int) ([]store.Change, error)
	// Project gives store.ErrNotFound when the project is gone.
	Project(ctx context.Context, id int64) (store.Project, error)
	// Heard gives those of the moves that some place was told of, or is to be.
	Heard(ctx context.Context, moves []int64) (map[int64]bool, error)
	// Expand tells one chunk of places. It gives store.ErrBusy while another
	// process expands the same change, and done when nobody is left to tell.
	Expand(ctx context.Context, e store.Expansion) (store.Expanded, error)
	// FinishChanges drops changes without telling anybody.
	FinishChanges(ctx context.Context, ids []int64) error
}

// Defaults of Options.
const (
	DefaultMaxAge      = 72 * time.Hour
	DefaultGiveUpAfter = 6 * time.Hour
	DefaultChunk       = 2000
	DefaultPoll        = 6 * time.Second
)

// gather is how much later the alerts of a burst are due, which is about as long as
// it takes to owe the rest of them.
const gather = time.Second

// small is how many places a chunk tells at most for which somebody waits: the first
// of a change, for the first message, and those beside which members ask commands.
const small = 200

// batch is how many changes are read at once. A move's texts may have 21,000
// characters, so a batch stays within some tens of megabytes at the very worst.
const batch = 500

// Options say how Fanout works. Now is required; the zero value of anything
// else means its default.
type Options struct {
	// MaxAge is how long ago a move may have happened to be news.
	MaxAge time.Duration
	// GiveUpAfter is how long an alert is tried, counted from its fan-out.
	GiveUpAfter time.Duration
	// Burst is how many moves told together make a burst: more of them become due
	// a moment later, so that whoever delivers sees all of them. 0: never.
	Burst int
	// Chunk is how many places are told in one transaction at most. The first message
	// waits for one of them, and on SQLite claims and records wait between them.
	Chunk int
	// Reserve keeps room with whoever sends, for up to most claims on each platform, and
	// waits a while for it or not. nil: everything goes through the queue.
	Reserve func(ctx context.Context, most int, wait bool) Room
	// Yield is called before every chunk, waits for as long as others go first, and
	// reports whether any did: then a chunk is small. nil: none ever do.
	Yield func(ctx context.Context) bool
	// Poll is how long Run waits for a wake-up before it looks by itself.
	Poll time.Duration
	Now  func() time.Time
	Rand func() float64 // chance from 0 up to 1, for the pauses of an outage
	Log  *slog.Logger
	// Wake is called after every chunk that leaves something in the queue, so that
	// the first message does not wait for the last delivery to be written.
	Wake func()
}

// Room is what whoever sends can take of the alerts that are owed.
type Room struct {
	Claims    int              // on each of the platforms
	Platforms []store.Platform // none: there is no room
	Lease     time.Duration    // how long the claims are to last
	// Take is to be called once where there is room, with the claims or with none.
	Take func([]store.Claimed)
}

// Fanout turns changes into deliveries.
type Fanout struct {
	store Store
	o     Options
}

// New makes a Fanout over s.
func New(s Store, o Options) *Fanout {
	o.MaxAge = cmp.Or(o.MaxAge, DefaultMaxAge)
	o.GiveUpAfter = cmp.Or(o.GiveUpAfter, DefaultGiveUpAfter)
	o.Chunk = cmp.Or(o.Chunk, DefaultChunk)
	o.Poll = cmp.Or(o.Poll, DefaultPoll)
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Reserve == nil {
		o.Reserve = func(context.Context, int, bool) Room { return Room{} }
	}
	if o.Yield == nil {
		o.Yield = func(context.Context) bool { return false }
	}
	if o.Wake == nil {
		o.Wake = func() {}
	}
	return &Fanout{store: s, o: o}
}

// Run drains the outbox now, at every wake-up and at every poll, until ctx
// ends; then it gives nil. While the database is away it tries again after
// growing pauses and writes one line when that begins and one when it ends.
func (f *Fanout) Run(ctx context.Context, wake <-chan struct{}) error {
	for failures := 0; ctx.Err() == nil; {
		_, err := f.Drain(ctx)
		failures = f.count(ctx, failures, err)
		pause, listen := pulse.Next(f.o.Now(), f.o.Poll), wake
		if failures > 0 {
			// A wake-up stays in its channel meanwhile, so none is lost and none
			// can hurry a database that is down.
			pause, listen = Pause(failures, f.o.Rand()), nil
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case _, open := <-listen:
			if !open {
				wake = nil
			}
		case <-timer.C:
		}
		timer.Stop()
	}
	return nil
}

// count gives the number of failures in a row and says when they begin and end.
// What fails because the service stops is none.
func (f *Fanout) count(ctx context.Context, failures int, err error) int {
	switch {
	case ctx.Err() != nil:
		return failures
	case err == nil:
		if failures > 0 {
			f.o.Log.Info("fan-out goes on", "failures", failures)
		}
		return 0
	case failures == 0:
		f.o.Log.Error("fan-out waits: moves are kept and told when the database answers again", "err", err)
	}
	return failures + 1
}

// The pauses of an outage begin at firstPause and double up to lastPause.
const (
	firstPause = 250 * time.Millisecond
	lastPause  = 5 * time.Second
)

// Pause is how long to leave the database alone after so many failures in a
// row: between half and the whole of a time that doubles up to 5 s, so that
// replicas do not all come back at the same instant. chance is from 0 up to 1.
func Pause(failures int, chance float64) time.Duration {
	whole := lastPause
	if n := max(failures, 1) - 1; n < 8 {
		whole = min(firstPause<<n, lastPause)
	}
	return whole/2 + time.Duration(chance*float64(whole/2))
}
