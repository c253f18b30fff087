package deliver

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/compose"
	"sparkbot/store"
)

// Absences is where it is read which places are gone.
type Absences interface {
	Place(ctx context.Context, id int64) (store.Place, error)
	GoneOf(ctx context.Context, platform store.Platform, workspace, member string, limit int) ([]store.Place, error)
	// Deliveries gives the newest deliveries of a place.
	Deliveries(ctx context.Context, placeID int64, limit int) ([]store.Delivery, error)
}

var (
	errBack = errors.New("the place is back already")
	errTold = errors.New("an earlier message told of it")
)

const (
	// maxAbsences is how many places one notice names at most.
	maxAbsences = 20
	// recentNotices is how many of a member's notices are looked at for one that
	// told of the same place.
	recentNotices = 20
)

// absences composes a notice of all places of a member that are gone now. There is
// nothing to say when the place it is of is back, or when an earlier notice was
// composed after that was gone.
func absences(ctx context.Context, l Absences, d store.Delivery, now time.Time) (notify.Message, error) {
	id, since, ok := store.GonePlace(d.Key)
	if !ok {
		return notify.Message{}, errUnknownKind
	}
	member, err := l.Place(ctx, d.PlaceID)
	if err != nil {
		return notify.Message{}, fmt.Errorf("read whom to tell: %w", err)
	}
	gone, err := l.GoneOf(ctx, member.Platform, member.Workspace, strings.TrimPrefix(member.Channel, "@"), maxAbsences)
	if err != nil {
		return notify.Message{}, fmt.Errorf("read what is gone: %w", err)
	}
	earlier, err := l.Deliveries(ctx, d.PlaceID, recentNotices)
	if err != nil {
		return notify.Message{}, fmt.Errorf("read what was told: %w", err)
	}
	if !still(gone, id) {
		return notify.Message{}, errBack
	}
	if told(earlier, d.ID, since) {
		return notify.Message{}, errTold
	}
	return compose.GoneMessage(gone, now), nil
}

// still reports whether a place is among those that are gone.
func still(gone []store.Place, id int64) bool {
	for _, p := range gone {
		if p.ID == id {
			return true
		}
	}
	return false
}

// told reports whether another notice was sent that began after since.
func told(earlier []store.Delivery, id int64, since time.Time) bool {
	for _, d := range earlier {
		if d.ID != id && d.Kind == store.DeliveryNotice && d.State == store.StateSent && d.BegunAt.After(since) {
			return true
		}
	}
	return false
}
