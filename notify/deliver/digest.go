package deliver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/compose"
	"sparkbot/notify/digest"
	"sparkbot/store"
)

// Digests says what an edition has to say; store.ErrNotFound when it is kept no
// more. It is asked once for all places that share the edition.
type Digests interface {
	Digest(ctx context.Context, edition int64, now time.Time) (digest.Week, error)
}

// errSilent says that nothing moved in a week that a place leaves out then.
var errSilent = errors.New("nothing moved, and this place leaves quiet weeks out")

// words composes what a claim says from the facts as they stand now.
func (l *lane) words(ctx context.Context, c *store.Claimed, now time.Time) (notify.Message, error) {
	switch {
	case saysMore(c):
		return l.bundle(ctx, c, now)
	case c.Kind == store.DeliveryDigest && l.o.Digests != nil:
		return l.digest(ctx, c.EditionID, now)
	case c.Kind == store.DeliveryTrend:
		return l.trend(ctx, c.TurningID, now)
	}
	return words(ctx, l.library, c, now)
}

func (l *lane) digest(ctx context.Context, edition int64, now time.Time) (notify.Message, error) {
	week, err := l.o.Digests.Digest(ctx, edition, now)
	if errors.Is(err, store.ErrNotFound) {
		return notify.Message{}, fmt.Errorf("%w: what the digest was about is kept no more", errSilent)
	}
	if err != nil {
		return notify.Message{}, err
	}
	if week.Silent() {
		return notify.Message{}, errSilent
	}
	return compose.DigestMessage(week, l.picture(week)), nil
}

// picture draws the movers of a week. One that cannot be drawn is left out: the
// words say all of it.
func (l *lane) picture(week digest.Week) *notify.Picture {
	if l.o.Studio == nil || week.Empty() {
		return nil
	}
	drawn, any, err := week.Picture(l.o.Studio)
	if err != nil {
		l.o.Log.Error("a digest goes without its picture", "edition", week.Edition.ID, "err", err)
	}
	if err != nil || !any {
		return nil
	}
	p := notify.Picture(drawn)
	return &p
}
