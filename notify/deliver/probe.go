package deliver

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"sparkbot/store"
)

// Door says whether a platform lets the bot post in a channel. An error means that
// it did not answer.
type Door interface {
	Admits(ctx context.Context, workspace, channel string) (bool, error)
}

// GonePlaces are the places that are gone, and when they are asked for.
type GonePlaces interface {
	// Gone gives those to be asked for at now, the longest due first.
	Gone(ctx context.Context, now time.Time, limit int) ([]store.Place, error)
	// PutOffProbe reports false when another replica asks for the place.
	PutOffProbe(ctx context.Context, p store.Place, next time.Time) (bool, error)
	ReturnPlace(ctx context.Context, id int64, now time.Time) error
}

const (
	// probeEvery is how often it is looked which places are to be asked for.
	probeEvery = time.Minute
	// maxProbes is how many are asked for each time, so that thousands that went
	// together leave the platform's limits to the messages.
	maxProbes = 60
	// probeTimeout bounds one question.
	probeTimeout = 10 * time.Second
)

// Prober asks for places that are gone, and lets those hear again to which the
// bot is let in. Several replicas may run one: each place is asked for by one.
type Prober struct {
	// Every is how often it is looked which places are to be asked for; a minute
	// unless it is set before Run.
	Every time.Duration

	places GonePlaces
	doors  map[store.Platform]Door
	now    func() time.Time
	log    *slog.Logger
}

// NewProber makes a Prober of the places on the platforms that have a door.
func NewProber(p GonePlaces, doors map[store.Platform]Door, now func() time.Time, log *slog.Logger) *Prober {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Prober{places: p, doors: doors, now: now, log: log}
}

// Run asks until ctx ends; then it gives nil.
func (p *Prober) Run(ctx context.Context) error {
	for sleep(ctx, cmp.Or(p.Every, probeEvery)) {
		p.round(ctx)
	}
	return nil
}

// round asks for whatever is to be asked for now. A database that is away is left
// to the next round; the worker's log says so.
func (p *Prober) round(ctx context.Context) {
	gone, err := p.places.Gone(ctx, p.now(), maxProbes)
	if err != nil {
		p.log.Debug("places that are gone are not asked for", "err", err)
		return
	}
	for _, place := range gone {
		if ctx.Err() != nil {
			return
		}
		if err := p.ask(ctx, place); err != nil {
			p.log.Debug("a place that is gone could not be asked for", "platform", place.Platform, "channel", place.Channel, "err", err)
		}
	}
}

// ask puts the next question off before it asks, so that one that hangs or kills
// the process is not repeated at once.
func (p *Prober) ask(ctx context.Context, place store.Place) error {
	now := p.now()
	mine, err := p.places.PutOffProbe(ctx, place, store.NextProbe(place.GoneAt, now))
	if err != nil || !mine {
		return err
	}
	door, ok := p.doors[place.Platform]
	if !ok {
		return nil
	}
	asking, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	open, err := door.Admits(asking, place.Workspace, place.Channel)
	if err != nil || !open {
		return err
	}
	p.log.Info("a place is back", "platform", place.Platform, "channel", place.Channel, "gone", now.Sub(place.GoneAt).Round(time.Second))
	return p.places.ReturnPlace(ctx, place.ID, p.now())
}
