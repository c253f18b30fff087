package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"sparkbot/store"
)

// What is owed to a place that is gone is parked as well as held, so that no
// claim ever meets it.

// kept are the kinds that are told to a place that comes back.
const kept = "kind IN ('alert', 'trend')"

// absence is what is known of a place that turned out to be gone.
type absence struct {
	Disabled moment `db:"disabled_at"`
	GoneAt   moment `db:"gone_at"`
	Heard    bool   `db:"heard"` // something was sent since GoneAt
}

// disable marks a place as gone, holds what it is owed and nobody is sending, and
// owes a notice to the member who subscribed. An absence that follows another
// without a message between is the same one: nobody is told again, and the place
// is asked for no more often.
func (s *Store) disable(ctx context.Context, tx *sqlx.Tx, place int64, o store.Settlement) error {
	var was absence
	err := tx.GetContext(ctx, &was, `SELECT p.disabled_at, p.gone_at, EXISTS (SELECT 1 FROM deliveries d
		WHERE d.place_id = p.id AND d.state = 'sent' AND d.settled_at > p.gone_at) AS heard FROM places p WHERE p.id = $1`, place)
	if err != nil {
		return err
	}
	since, first := was.GoneAt.Time, false
	if since.IsZero() || was.Heard {
		since, first = o.At, true
	}
	if was.Disabled.IsZero() {
		if _, err := tx.ExecContext(ctx, `UPDATE places SET disabled_at = $2, disabled_reason = $3, gone_at = $4, probe_at = $5, with_workspace = $6
			WHERE id = $1`, place, s.dialect.stamp(o.At), o.Reason, s.dialect.stamp(since), s.dialect.stamp(store.NextProbe(since, o.At)), o.Workspace); err != nil {
			return err
		}
		if first {
			if err := s.oweNotice(ctx, tx, place, o.At); err != nil {
				return err
			}
		}
	}
	return s.keep(ctx, tx, []int64{place}, o.At, o.Reason)
}

// keep holds what places are owed and nobody is sending, and cancels what would
// make no sense later.
func (s *Store) keep(ctx context.Context, tx *sqlx.Tx, places []int64, at time.Time, reason string) error {
	_, err := tx.ExecContext(ctx, s.dialect.sql(`UPDATE deliveries SET parked = true, reason = $3,
		held = (held OR `+kept+`), state = CASE WHEN kind = 'edit' THEN state WHEN `+kept+` THEN 'held' ELSE 'cancelled' END,
		settled_at = CASE WHEN kind = 'edit' OR `+kept+` THEN settled_at ELSE $2 END
		WHERE place_id IN (SELECT CAST(value AS bigint) FROM {elements $1} e) AND `+open+` AND state <> 'sending'`),
		array(places), s.dialect.stamp(at), "the place is gone: "+reason)
	return err
}

// letGo makes due at now what was kept, and lets it be tried as often as anything
// new.
func (s *Store) letGo(ctx context.Context, tx *sqlx.Tx, places []int64, now time.Time) error {
	if _, err := tx.ExecContext(ctx, s.dialect.sql(`UPDATE deliveries SET parked = false,
		held = (held OR `+kept+`), state = CASE WHEN `+kept+` THEN 'held' ELSE state END, attempt = CASE WHEN `+kept+` THEN 0 ELSE attempt END, reason = CASE WHEN `+kept+` THEN '' ELSE reason END,
		wake_at = CASE WHEN `+kept+` THEN $2 ELSE wake_at END, give_up_at = CASE WHEN `+kept+` OR kind = 'edit' THEN $3 ELSE give_up_at END
		WHERE place_id IN (SELECT CAST(value AS bigint) FROM {elements $1} e) AND `+open+` AND state <> 'sending'`),
		array(places), s.dialect.stamp(now), s.dialect.stamp(now.Add(store.ReturnPatience))); err != nil {
		return err
	}
	return s.announce(ctx, tx)
}

// oweNotice owes a message to the member who subscribed the place last.
func (s *Store) oweNotice(ctx context.Context, tx *sqlx.Tx, place int64, at time.Time) error {
	const member = `FROM places p JOIN subscriptions s ON s.place_id = p.id WHERE p.id = $1 AND s.created_by <> '' ORDER BY s.id DESC LIMIT 1`
	if _, err := tx.ExecContext(ctx, `INSERT INTO places (platform, workspace, channel) SELECT p.platform, p.workspace, '@' || s.created_by `+member+`
		ON CONFLICT (platform, workspace, channel) DO NOTHING`, place); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO deliveries (place_id, platform, kind, key, wake_at, give_up_at)
		SELECT m.id, m.platform, 'notice', $2, $3, $4 FROM places m JOIN (SELECT p.platform, p.workspace, '@' || s.created_by AS channel `+member+`) w
		ON m.platform = w.platform AND m.workspace = w.workspace AND m.channel = w.channel ON CONFLICT (place_id, key) DO NOTHING`,
		place, store.GoneKey(place, at), s.dialect.stamp(at.Add(store.NoticeAfter)), s.dialect.stamp(at.Add(store.NoticePatience)))
	return err
}

// EnablePlace lets a place hear again because somebody manages it there: the next
// absence is a new one. What it missed becomes due, as one catch-up. A place that
// went with its whole workspace brings the others back.
func (s *Store) EnablePlace(ctx context.Context, id int64, now time.Time) error {
	return s.enable(ctx, id, now, ", gone_at = NULL")
}

// ReturnPlace lets a place hear again because the platform says that the bot is
// let in. Until something is sent, another absence is the same one.
func (s *Store) ReturnPlace(ctx context.Context, id int64, now time.Time) error {
	return s.enable(ctx, id, now, "")
}

func (s *Store) enable(ctx context.Context, id int64, now time.Time, and string) error {
	err := s.within(ctx, func(tx *sqlx.Tx) error {
		var row struct {
			placeRow
			WithWorkspace bool `db:"with_workspace"`
		}
		err := tx.GetContext(ctx, &row, "SELECT "+placeColumns+", with_workspace FROM places WHERE id = $1 AND disabled_at IS NOT NULL", id)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		places := []int64{id}
		if row.WithWorkspace {
			w := store.Workspace{Platform: store.Platform(row.Platform), ID: row.Workspace}
			if places, err = s.placesOf(ctx, tx, w, "with_workspace"); err != nil {
				return err
			}
		} else if err := s.holdPlace(ctx, tx, id); err != nil {
			return err
		}
		return s.reopen(ctx, tx, places, now, and)
	})
	if err != nil {
		return fmt.Errorf("enable place %d: %w", id, err)
	}
	s.wake()
	return nil
}

// reopen lets places hear again that are held by this transaction.
func (s *Store) reopen(ctx context.Context, tx *sqlx.Tx, places []int64, now time.Time, and string) error {
	if _, err := tx.ExecContext(ctx, s.dialect.sql(`UPDATE places SET disabled_at = NULL, disabled_reason = '', probe_at = NULL, with_workspace = false`+and+`
		WHERE id IN (SELECT CAST(value AS bigint) FROM {elements $1} e)`), array(places)); err != nil {
		return err
	}
	return s.letGo(ctx, tx, places, now)
}
