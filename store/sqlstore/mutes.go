package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"sparkbot/store"
)

// Mutes gives the mutes of a place that are in force.
func (s *Store) Mutes(ctx context.Context, placeID int64, now time.Time) ([]store.Mute, error) {
	var rows []struct {
		ProjectID int64  `db:"project_id"`
		Until     moment `db:"until"`
		CatchUp   bool   `db:"catch_up"`
	}
	err := s.read.SelectContext(ctx, &rows, "SELECT project_id, until, catch_up FROM mutes WHERE place_id = $1 AND until > $2 ORDER BY project_id",
		placeID, s.dialect.stamp(now))
	if err != nil {
		return nil, fmt.Errorf("read the mutes: %w", err)
	}
	mutes := make([]store.Mute, len(rows))
	for i, r := range rows {
		mutes[i] = store.Mute{PlaceID: placeID, ProjectID: r.ProjectID, Until: r.Until.Time, CatchUp: r.CatchUp}
	}
	return mutes, nil
}

// ClearMutes ends every mute of a place, makes what was held due now, and says
// how many mutes were in force.
func (s *Store) ClearMutes(ctx context.Context, placeID int64, now time.Time) (int, error) {
	var n int
	err := s.within(ctx, func(tx *sqlx.Tx) error {
		if err := s.holdPlace(ctx, tx, placeID); err != nil {
			return err
		}
		if err := tx.GetContext(ctx, &n, "SELECT count(*) FROM mutes WHERE place_id = $1 AND until > $2", placeID, s.dialect.stamp(now)); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM mutes WHERE place_id = $1", placeID); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE deliveries SET wake_at = $2 WHERE place_id = $1 AND "+open+" AND state = 'held'",
			placeID, s.dialect.stamp(now)); err != nil {
			return err
		}
		return s.announce(ctx, tx)
	})
	if err != nil {
		return 0, fmt.Errorf("end the mutes: %w", err)
	}
	s.wake()
	return n, nil
}

// SetQuiet stores the quiet hours of a place and makes due at now what was held,
// so that it is held until their end or told.
func (s *Store) SetQuiet(ctx context.Context, placeID int64, q store.Quiet, now time.Time) error {
	err := s.within(ctx, func(tx *sqlx.Tx) error {
		if err := s.holdPlace(ctx, tx, placeID); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE places SET quiet_from = $2, quiet_to = $3, quiet_zone = $4, quiet_catch_up = $5 WHERE id = $1",
			placeID, q.From, q.To, q.Zone, q.CatchUp); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE deliveries SET wake_at = $2 WHERE place_id = $1 AND "+open+" AND state = 'held'",
			placeID, s.dialect.stamp(now)); err != nil {
			return err
		}
		return s.announce(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("store the quiet hours: %w", err)
	}
	s.wake()
	return nil
}
