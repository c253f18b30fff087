package deliver

import (
	"context"
	"log/slog"
	"time"
)

// Archive is where deliveries are kept after they ended. Both methods look at a
// few that follow one in the order of their ids, and give the last they looked at,
// or 0 at the end.
type Archive interface {
	// Prune takes away what ended before a time and keeps the keys by which nothing
	// is owed again.
	Prune(ctx context.Context, after int64, before time.Time, limit int) (last int64, pruned int, err error)
	// TrimGone cancels what is held for places that are gone: all but the newest
	// most of a place, and what is older than before.
	TrimGone(ctx context.Context, after int64, now, before time.Time, most, limit int) (last int64, cancelled int, err error)
}

const (
	// DefaultKeep is how long what ended is kept.
	DefaultKeep = 30 * 24 * time.Hour

	keepEvery = time.Hour
	// keepBatch and keepPause let messages pass between two batches.
	keepBatch = 500
	keepPause = 100 * time.Millisecond
	// maxHeld is how much is held for one place that is gone.
	maxHeld = 100
)

// Keeper keeps deliveries for a time and no longer. One replica is enough; several
// do no harm.
type Keeper struct {
	archive Archive
	keep    time.Duration
	now     func() time.Time
	log     *slog.Logger
}

// NewKeeper makes a Keeper that keeps what ended for so long; 0 is DefaultKeep.
func NewKeeper(a Archive, keep time.Duration, now func() time.Time, log *slog.Logger) *Keeper {
	if keep <= 0 {
		keep = DefaultKeep
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Keeper{archive: a, keep: keep, now: now, log: log}
}

// Run prunes now and every hour until ctx ends; then it gives nil.
func (k *Keeper) Run(ctx context.Context) error {
	for {
		k.round(ctx)
		if !sleep(ctx, keepEvery) {
			return nil
		}
	}
}

func (k *Keeper) round(ctx context.Context) {
	now := k.now()
	before := now.Add(-k.keep)
	pruned := k.all(ctx, func(after int64) (int64, int, error) { return k.archive.Prune(ctx, after, before, keepBatch) })
	trimmed := k.all(ctx, func(after int64) (int64, int, error) {
		return k.archive.TrimGone(ctx, after, now, before, maxHeld, keepBatch)
	})
	if pruned+trimmed > 0 {
		k.log.Info("old deliveries are taken away", "pruned", pruned, "given_up_for_places_that_are_gone", trimmed)
	}
}

// all does one batch after the other. What fails is left to the next hour.
func (k *Keeper) all(ctx context.Context, batch func(after int64) (last int64, n int, err error)) (total int) {
	for after := int64(0); ; {
		last, n, err := batch(after)
		total += n
		if err != nil {
			if ctx.Err() == nil {
				k.log.Warn("old deliveries stay for another hour", "err", err)
			}
			return total
		}
		if last == 0 || !sleep(ctx, keepPause) {
			return total
		}
		after = last
	}
}
