package deliver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/compose"
	"sparkbot/notify/velocity"
	"sparkbot/store"
)

var (
	// errRetracted says that a move was taken back, or deleted, after the claim.
	errRetracted = errors.New("the move was retracted before it was posted")
	// errUnknownKind says that a later version owes this delivery.
	errUnknownKind = errors.New("this version does not know the delivery's kind; a later one will send it")
)

// encodeError says that a message cannot become a body of the platform, which
// no later try would change.
type encodeError struct{ err error }

func (e *encodeError) Error() string { return "cannot be encoded: " + e.err.Error() }
func (e *encodeError) Unwrap() error { return e.err }

// words composes what a delivery says from the facts as they stand now.
func words(ctx context.Context, l Library, d store.Delivery, now time.Time) (notify.Message, error) {
	switch d.Kind {
	case store.DeliveryTest:
		return compose.TestMessage(now), nil
	case store.DeliveryAlert:
		return alert(ctx, l, d.MoveID, now)
	default:
		return notify.Message{}, errUnknownKind
	}
}

func alert(ctx context.Context, l Library, moveID int64, now time.Time) (notify.Message, error) {
	m, err := l.Move(ctx, moveID)
	if errors.Is(err, store.ErrNotFound) || err == nil && m.Retracted() {
		return notify.Message{}, errRetracted
	}
	if err != nil {
		return notify.Message{}, fmt.Errorf("read move %d: %w", moveID, err)
	}
	p, err := l.Project(ctx, m.ProjectID)
	if errors.Is(err, store.ErrNotFound) {
		return notify.Message{}, errRetracted
	}
	if err != nil {
		return notify.Message{}, fmt.Errorf("read the project of move %d: %w", moveID, err)
	}
	pulse, err := l.Pulse(ctx, p.ID)
	if err != nil {
		return notify.Message{}, fmt.Errorf("read the moves of %s: %w", p.Slug, err)
	}
	return compose.AlertMessage(compose.Alert{
		Project: p, Move: m, Reading: velocity.Read(p, pulse[p.ID], now),
	}, now), nil
}
