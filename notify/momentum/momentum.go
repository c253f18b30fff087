package momentum

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"sparkbot/store"
)

// Store is what the room needs of the database.
type Store interface {
	Projects(ctx context.Context) ([]store.Project, error)
	// Project gives store.ErrNotFound when the project is gone.
	Project(ctx context.Context, id int64) (store.Project, error)
	Pulse(ctx context.Context, projectIDs ...int64) (map[int64][]store.Move, error)
	// LastSnapshots gives the day of every project's last snapshot.
	LastSnapshots(ctx context.Context) (map[int64]time.Time, error)
	// KeepSnapshots writes those that nobody has written yet.
	KeepSnapshots(ctx context.Context, all []store.Snapshot) (added int, err error)
	DropSnapshots(ctx context.Context, before time.Time) error
	// Momenta gives what is kept of every project.
	Momenta(ctx context.Context) (map[int64]store.Momentum, error)
	// KeepMomenta stores momenta with the turns taken, each unless somebody stored
	// another meanwhile.
	KeepMomenta(ctx context.Context, all []store.Momentum, turnings []store.Turning) error
	// Turnings gives the oldest that not everybody was told of.
	Turnings(ctx context.Context, limit int) ([]store.Turning, error)
	// ExpandTurning tells one chunk of places. It gives store.ErrBusy while another
	// process does, and store.ErrNotFound when it is told already.
	ExpandTurning(ctx context.Context, e store.TurningExpansion) (added int, done bool, err error)
}

// Defaults of Options.
const (
	DefaultMaxAge      = 72 * time.Hour
	DefaultGiveUpAfter = 6 * time.Hour
	DefaultChunk       = 5000
	DefaultPoll        = 10 * time.Minute
	// DefaultRest is how long a wake-up waits after the last look, so that an
	// import does not have every project looked at with every move.
	DefaultRest = 30 * time.Second
)

// batch is how many turnings are read at once.
const batch = 100

// Options say how a Watcher works. Now is required; the zero value of anything
// else means its default.
type Options struct {
	MaxAge      time.Duration // a move that happened longer ago turns nothing that is told
	GiveUpAfter time.Duration // how long a message is tried
	Chunk       int           // how many places are told in one transaction at most
	Poll        time.Duration // how long nothing is looked at without a wake-up
	Rest        time.Duration
	Now         func() time.Time
	Log         *slog.Logger
	Wake        func() // called after every chunk that owes something
}

// Watcher looks at every project's momentum.
type Watcher struct {
	store Store
	o     Options
}

// New makes a Watcher over s.
func New(s Store, o Options) *Watcher {
	o.MaxAge = cmp.Or(o.MaxAge, DefaultMaxAge)
	o.GiveUpAfter = cmp.Or(o.GiveUpAfter, DefaultGiveUpAfter)
	o.Chunk = cmp.Or(o.Chunk, DefaultChunk)
	o.Poll = cmp.Or(o.Poll, DefaultPoll)
	o.Rest = cmp.Or(o.Rest, DefaultRest)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Wake == nil {
		o.Wake = func() {}
	}
	return &Watcher{store: s, o: o}
}

// Run looks now, after every wake-up and at every poll, and as soon as a UTC day
// is over, until ctx ends; then it gives nil. What fails is tried at the next look.
func (w *Watcher) Run(ctx context.Context, wake <-chan struct{}) error {
	for ctx.Err() == nil {
		if err := w.Look(ctx); err != nil && ctx.Err() == nil {
			w.o.Log.Error("the projects' momentum was not looked at; it will be tried again", "error", err)
		}
		if !sleep(ctx, w.o.Rest) {
			break
		}
		now := w.o.Now()
		timer := time.NewTimer(max(0, min(w.o.Poll-w.o.Rest, nextDay(now).Sub(now))))
		select {
		case <-ctx.Done():
		case _, open := <-wake:
			if !open {
				wake = nil
			}
		case <-timer.C:
		}
		timer.Stop()
	}
	return nil
}

// nextDay is when the UTC day of a time is over.
func nextDay(t time.Time) time.Time { return t.UTC().Truncate(day).Add(day) }

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// Look keeps the scores of the days that are over, has every project take its
// turn, and tells of those that nobody has told of yet.
func (w *Watcher) Look(ctx context.Context) error {
	projects, err := w.store.Projects(ctx)
	if err != nil {
		return fmt.Errorf("read the projects: %w", err)
	}
	pulse, err := w.store.Pulse(ctx)
	if err != nil {
		return fmt.Errorf("read the moves: %w", err)
	}
	now := w.o.Now()
	if err := w.keep(ctx, projects, pulse, now); err != nil {
		return err
	}
	if err := w.turn(ctx, projects, pulse, now); err != nil {
		return err
	}
	return w.tell(ctx)
}

// keep writes the snapshots that are due.
func (w *Watcher) keep(ctx context.Context, projects []store.Project, pulse map[int64][]store.Move, now time.Time) error {
	last, err := w.store.LastSnapshots(ctx)
	if err != nil {
		return fmt.Errorf("read the last snapshots: %w", err)
	}
	var due []store.Snapshot
	for _, p := range projects {
		due = append(due, Due(p.ID, pulse[p.ID], last[p.ID], now)...)
	}
	if len(due) == 0 {
		return nil
	}
	added, err := w.store.KeepSnapshots(ctx, due)
	if err != nil {
		return fmt.Errorf("keep the scores of past days: %w", err)
	}
	w.o.Log.Info("kept the scores of past days", "projects", len(projects), "snapshots", added)
	if err := w.store.DropSnapshots(ctx, now.AddDate(0, 0, -keptDays)); err != nil {
		return fmt.Errorf("drop old scores: %w", err)
	}
	return nil
}

// turn stores what changed of the projects' momenta.
func (w *Watcher) turn(ctx context.Context, projects []store.Project, pulse map[int64][]store.Move, now time.Time) error {
	kept, err := w.store.Momenta(ctx)
	if err != nil {
		return fmt.Errorf("read the momenta: %w", err)
	}
	var changed []store.Momentum
	var turnings []store.Turning
	for _, p := range projects {
		was, known := kept[p.ID]
		was.ProjectID = p.ID
		m, t := Decide(was, Look(p, pulse[p.ID], now), w.o.MaxAge)
		if known && m == was {
			continue
		}
		changed = append(changed, m)
		if t.Turn != "" {
			turnings = append(turnings, t)
			w.o.Log.Info("a project took a turn", "project", p.Slug, "turn", t.Turn)
		}
	}
	if len(changed) == 0 {
		return nil
	}
	if err := w.store.KeepMomenta(ctx, changed, turnings); err != nil {
		return fmt.Errorf("keep the momenta: %w", err)
	}
	return nil
}

// tell expands the turnings that are not told, chunk by chunk.
func (w *Watcher) tell(ctx context.Context) error {
	for ctx.Err() == nil {
		turnings, err := w.store.Turnings(ctx, batch)
		if err != nil || len(turnings) == 0 {
			return err
		}
		for _, t := range turnings {
			if err := w.tellOne(ctx, t); err != nil {
				if errors.Is(err, store.ErrBusy) {
					return nil // another replica is at it
				}
				return fmt.Errorf("tell of turning %d: %w", t.ID, err)
			}
		}
	}
	return nil
}

func (w *Watcher) tellOne(ctx context.Context, t store.Turning) error {
	p, err := w.store.Project(ctx, t.ProjectID)
	if errors.Is(err, store.ErrNotFound) {
		return nil // it goes with its project
	}
	if err != nil {
		return err
	}
	for done := false; !done; {
		if err := ctx.Err(); err != nil {
			return err
		}
		now := w.o.Now()
		var added int
		added, done, err = w.store.ExpandTurning(ctx, store.TurningExpansion{
			Turning: t, Project: p, Now: now, GiveUpAt: now.Add(w.o.GiveUpAfter), Chunk: w.o.Chunk,
		})
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if added > 0 {
			w.o.Wake()
		}
	}
	return nil
}
