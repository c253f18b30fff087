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
	errRetracted = errors.New(store.TakenBack)
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
func words(ctx context.Context, l Library, c *store.Claimed, now time.Time) (notify.Message, error) {
	switch c.Kind {
	case store.DeliveryTest:
		return compose.TestMessage(now), nil
	case store.DeliveryAlert, store.DeliveryEdit:
		return alert(ctx, l, c, now)
	case store.DeliveryNotice:
		return absences(ctx, l, c.Delivery, now)
	default:
		return notify.Message{}, errUnknownKind
	}
}

// alert tells of one move; an edit tells of one that was taken back as well.
func alert(ctx context.Context, l Library, c *store.Claimed, now time.Time) (notify.Message, error) {
	m, p, err := facts(ctx, l, c.MoveID)
	if err == nil && m.Retracted() && c.Kind != store.DeliveryEdit {
		err = errRetracted
	}
	if err != nil {
		return notify.Message{}, err
	}
	pulse, err := l.Pulse(ctx, p.ID)
	if err != nil {
		return notify.Message{}, fmt.Errorf("read the moves of %s: %w", p.Slug, err)
	}
	snapshots, err := l.Snapshots(ctx, now.UTC().AddDate(0, 0, -7), p.ID)
	if err != nil {
		return notify.Message{}, fmt.Errorf("read the past of %s: %w", p.Slug, err)
	}
	reading := velocity.ReadTold(p, pulse[p.ID], velocity.ToldOf(snapshots[p.ID]), now)
	return compose.AlertMessage(compose.Alert{Project: p, Move: m, Reading: reading}, now), nil
}

// facts are a move and its project. The error is errRetracted when either was
// deleted.
func facts(ctx context.Context, l Library, moveID int64) (m store.Move, p store.Project, err error) {
	m, err = l.Move(ctx, moveID)
	if errors.Is(err, store.ErrNotFound) {
		return m, p, errRetracted
	}
	if err != nil {
		return m, p, fmt.Errorf("read move %d: %w", moveID, err)
	}
	p, err = l.Project(ctx, m.ProjectID)
	if errors.Is(err, store.ErrNotFound) {
		return m, p, errRetracted
	}
	if err != nil {
		return m, p, fmt.Errorf("read the project of move %d: %w", moveID, err)
	}
	return m, p, nil
}
