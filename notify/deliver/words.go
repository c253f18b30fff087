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
	// errProjectGone says that a project was deleted before it was told of.
	errProjectGone = errors.New("the project was deleted before this was posted")
	// errUnknownKind says that a later version owes this delivery.
	errUnknownKind = errors.New("this version does not know the delivery's kind; a later one will send it")
)

// encodeError says that a message cannot become a body of the platform, which
// no later try would change.
type encodeError struct{ err error }

func (e *encodeError) Error() string { return "cannot be encoded: " + e.err.Error() }
func (e *encodeError) Unwrap() error { return e.err }

// words composes what a delivery says from the facts as they stand now.
func words(ctx context.Context, l Library, c store.Claimed, now time.Time) (notify.Message, error) {
	switch c.Kind {
	case store.DeliveryTest:
		return compose.TestMessage(now), nil
	case store.DeliveryAlert:
		return alert(ctx, l, c.MoveID, now)
	case store.DeliveryEdit:
		return edited(ctx, l, c.MoveID, now)
	case store.DeliveryNotice:
		return absences(ctx, l, c.Delivery, now)
	default:
		return notify.Message{}, errUnknownKind
	}
}

// alert tells of a move that was not taken back.
func alert(ctx context.Context, l Library, moveID int64, now time.Time) (notify.Message, error) {
	a, err := facts(ctx, l, moveID, now)
	if err == nil && a.Move.Retracted() {
		err = errRetracted
	}
	if err != nil {
		return notify.Message{}, err
	}
	return compose.AlertMessage(a, now), nil
}

// edited tells of a move as it is now, taken back or not.
func edited(ctx context.Context, l Library, moveID int64, now time.Time) (notify.Message, error) {
	a, err := facts(ctx, l, moveID, now)
	if err != nil {
		return notify.Message{}, err
	}
	return compose.AlertMessage(a, now), nil
}

// facts are what is known of a move that was stored. The error is errRetracted
// when it was deleted.
func facts(ctx context.Context, l Library, moveID int64, now time.Time) (compose.Alert, error) {
	m, err := l.Move(ctx, moveID)
	if errors.Is(err, store.ErrNotFound) {
		return compose.Alert{}, errRetracted
	}
	if err != nil {
		return compose.Alert{}, fmt.Errorf("read move %d: %w", moveID, err)
	}
	p, err := l.Project(ctx, m.ProjectID)
	if errors.Is(err, store.ErrNotFound) {
		return compose.Alert{}, errRetracted
	}
	if err != nil {
		return compose.Alert{}, fmt.Errorf("read the project of move %d: %w", moveID, err)
	}
	pulse, err := l.Pulse(ctx, p.ID)
	if err != nil {
		return compose.Alert{}, fmt.Errorf("read the moves of %s: %w", p.Slug, err)
	}
	return compose.Alert{Project: p, Move: m, Reading: velocity.Read(p, pulse[p.ID], now)}, nil
}
