package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/jmoiron/sqlx"

	"sparkbot/store"
)

// Settle ends claims, all in one transaction. It gives those that were no longer the
// caller's to end, and whether anything may have become due by it.
func (s *Store) Settle(ctx context.Context, settlements []store.Settlement) (stale []int64, freed bool, err error) {
	if len(settlements) == 0 {
		return nil, false, nil
	}
	wide := map[int64]store.Settlement{} // places gone with their whole workspace
	ask := false
	settle := func(tx *sqlx.Tx) error {
		stale, freed, err = s.settle(ctx, tx, settlements, wide, ask)
		return err
	}
	if err = s.within(ctx, settle); errors.Is(err, errSomeStale) {
		ask = true
		err = s.within(ctx, settle)
	}
	if err != nil {
		return nil, false, fmt.Errorf("settle %d deliveries: %w", len(settlements), err)
	}
	s.closeAround(ctx, wide)
	return stale, freed, nil
}

// errSomeStale says that not every plain one of a batch was the caller's to end, and
// that nothing of it is settled therefore.
var errSomeStale = errors.New("some are stale")

// plain reports whether a settlement changes nothing but its own delivery, an alert
// that was sent, and says no more of it than the revision it shows. Most are so, and of
// those nothing has to be read again.
func plain(one *store.Settlement) bool {
	return one.Outcome == store.OutcomeSent && one.RestUntil.IsZero() && len(one.Shown) == 1 &&
		one.Shown[0].DeliveryID == one.DeliveryID && one.Shown[0].MoveID != 0 && one.Shown[0].Shown > 0 &&
		one.Reason == "" && one.GiveUpAt.IsZero() && one.UnsureAt.IsZero()
}

// settle ends claims. Without ask it takes every plain one to be the caller's to end,
// and gives errSomeStale where it was wrong; with it, the database tells of each.
func (s *Store) settle(ctx context.Context, tx *sqlx.Tx, settlements []store.Settlement, wide map[int64]store.Settlement, ask bool) (stale []int64, freed bool, err error) {
	at := latest(settlements)
	var sent, behind []int64 // of the plain ones
	if !ask {
		if sent, behind, settlements, err = s.endPlain(ctx, tx, settlements, at); err != nil {
			return nil, false, err
		}
	}
	places, more, err := s.end(ctx, tx, settlements, at)
	if err != nil {
		return nil, false, err
	}
	if err := s.holdPlaces(ctx, tx, rearranged(settlements, places)); err != nil {
		return nil, false, err
	}
	if err := s.show(ctx, tx, settlements, places, append(behind, more...), at); err != nil {
		return nil, false, err
	}
	if err := s.part(ctx, tx, settlements, places); err != nil {
		return nil, false, err
	}
	if err := s.rest(ctx, tx, settlements, places); err != nil {
		return nil, false, err
	}
	var free []int64 // places where a later delivery may have its turn
	for _, one := range settlements {
		place, done := places[one.DeliveryID]
		switch {
		case !done:
			stale = append(stale, one.DeliveryID)
		case one.Outcome == store.OutcomeGone:
			if err := s.disable(ctx, tx, place, one); err != nil {
				return nil, false, err
			}
			if one.Workspace {
				wide[place] = one
			}
		case one.Outcome != store.OutcomeRetry && one.Outcome != store.OutcomeReleased:
			free = append(free, place)
		}
	}
	unparked, err := s.unpark(ctx, tx, free, sent)
	return stale, unparked || len(settlements)+len(behind) > 0, err
}

// rearranged are the places in which more changes than that a message was sent, in
// order.
func rearranged(settlements []store.Settlement, places map[int64]int64) []int64 {
	more := map[int64]bool{}
	for _, one := range settlements {
		place, done := places[one.DeliveryID]
		if done && (one.Outcome != store.OutcomeSent || len(one.Shown) > 1 || !one.RestUntil.IsZero()) {
			more[place] = true
		}
	}
	return slices.Sorted(maps.Keys(more))
}
