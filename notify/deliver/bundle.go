package deliver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/compose"
	"sparkbot/store"
)

// bundle tells of several moves and turns. What was taken back before it was
// posted is left out; what is left over alone is a message like any other.
func (l *lane) bundle(ctx context.Context, c *store.Claimed, now time.Time) (notify.Message, error) {
	b := compose.Bundle{CatchUp: caughtUp(c)}
	var last store.Part
	for _, part := range c.Parts {
		item, err := l.item(ctx, part)
		if errors.Is(err, errRetracted) || err == nil && item.Move.Retracted() && c.Kind != store.DeliveryEdit {
			continue
		}
		if err != nil {
			return notify.Message{}, err
		}
		b.Items = append(b.Items, item)
		last = part
	}
	switch {
	case len(b.Items) == 0:
		return notify.Message{}, errRetracted
	case len(b.Items) > 1:
		return compose.BundleMessage(b, now), nil
	case last.TurningID != 0:
		return l.trend(ctx, last.TurningID, now)
	default:
		one := *c
		one.MoveID = last.MoveID
		return alert(ctx, l.library, &one, now)
	}
}

// item reads what one part tells of. The error is errRetracted when it was deleted.
func (l *lane) item(ctx context.Context, part store.Part) (compose.Item, error) {
	if part.TurningID == 0 {
		m, p, err := facts(ctx, l.library, part.MoveID)
		return compose.Item{Project: p, Move: m}, err
	}
	turning, err := l.library.Turning(ctx, part.TurningID)
	if err == nil {
		p, err := l.library.Project(ctx, turning.ProjectID)
		if err == nil {
			return compose.Item{Project: p, Turn: turning.Turn, Move: store.Move{OccurredAt: turning.At}}, nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return compose.Item{}, fmt.Errorf("read the project of turning %d: %w", part.TurningID, err)
		}
		return compose.Item{}, errRetracted
	}
	if errors.Is(err, store.ErrNotFound) {
		return compose.Item{}, errRetracted
	}
	return compose.Item{}, fmt.Errorf("read turning %d: %w", part.TurningID, err)
}
