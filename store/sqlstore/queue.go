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

type deliveryRow struct {
	ID        int64  `db:"id"`
	PlaceID   int64  `db:"place_id"`
	Kind      string `db:"kind"`
	Key       string `db:"key"`
	MoveID    int64  `db:"move_id"`
	EditionID int64  `db:"edition_id"`
	TurningID int64  `db:"turning_id"`
	Rank      int    `db:"rank"`
	TargetID  int64  `db:"target_id"`
	Merged    int64  `db:"merged_into"`
	Shown     int64  `db:"shown"`
	Held      bool   `db:"held"`
	State     string `db:"state"`
	Roles     list   `db:"roles"`
	Attempt   int    `db:"attempt"`
	Fence     int64  `db:"fence"`
	WakeAt    moment `db:"wake_at"`
	GiveUpAt  moment `db:"give_up_at"`
	MessageID string `db:"message_id"`
	Reason    string `db:"reason"`
	CreatedAt moment `db:"created_at"`
	SettledAt moment `db:"settled_at"`
	BegunAt   moment `db:"begun_at"`
	UnsureAt  moment `db:"unsure_at"`
}

const deliveryColumns = `d.id, d.place_id, d.kind, d.key, d.move_id, d.edition_id, d.turning_id, d.rank, d.state, d.roles, d.attempt, d.fence, d.wake_at, d.give_up_at,
	d.message_id, d.reason, d.created_at, d.settled_at, d.begun_at, d.unsure_at, d.target_id, d.merged_into, d.revision AS shown, d.held`

func (r deliveryRow) delivery() store.Delivery {
	d := store.Delivery{
		ID: r.ID, PlaceID: r.PlaceID, Kind: store.DeliveryKind(r.Kind), Key: r.Key, MoveID: r.MoveID, EditionID: r.EditionID, TurningID: r.TurningID, Rank: r.Rank, State: store.State(r.State),
		TargetID: r.TargetID, MergedInto: r.Merged, Shown: r.Shown, Held: r.Held,
		Roles: r.Roles.sorted(), Attempt: r.Attempt, Fence: r.Fence, GiveUpAt: r.GiveUpAt.Time, MessageID: r.MessageID, Reason: r.Reason,
		CreatedAt: r.CreatedAt.Time, SettledAt: r.SettledAt.Time, BegunAt: r.BegunAt.Time, UnsureAt: r.UnsureAt.Time,
	}
	if d.State == store.StateSending {
		d.LeaseUntil = r.WakeAt.Time
	} else {
		d.DueAt = r.WakeAt.Time
	}
	return d
}

// Enqueue stores a delivery unless its place has one with the same key, or had one
// that was pruned. It gives the stored one, which has no id when it was pruned, and
// whether that is new.
func (s *Store) Enqueue(ctx context.Context, d store.Delivery) (stored store.Delivery, added bool, err error) {
	var row deliveryRow
	var pruned []int64
	err = s.within(ctx, func(tx *sqlx.Tx) error {
		newest, err := s.newest(ctx, tx)
		if err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx, `INSERT INTO deliveries (place_id, platform, kind, key, move_id, roles, wake_at, give_up_at, edition_id, rank)
			SELECT p.id, p.platform, $2, $3, $4, $5, $6, $7, $8, $9 FROM places p WHERE p.id = $1 ON CONFLICT (place_id, key) DO NOTHING`,
			d.PlaceID, string(d.Kind), d.Key, d.MoveID, array(d.Roles), s.dialect.stamp(d.DueAt), s.dialect.stamp(d.GiveUpAt), d.EditionID, d.Rank)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		if err != nil {
			return err
		}
		if pruned, err = s.dropKnown(ctx, tx, newest, d.Key); err != nil {
			return err
		}
		added = n > 0 && len(pruned) == 0
		if err := s.announce(ctx, tx); err != nil {
			return err
		}
		if len(pruned) > 0 {
			return nil
		}
		return tx.GetContext(ctx, &row, "SELECT "+deliveryColumns+" FROM deliveries d WHERE d.place_id = $1 AND d.key = $2", d.PlaceID, d.Key)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return store.Delivery{}, false, fmt.Errorf("store the delivery: place %d: %w", d.PlaceID, store.ErrNotFound)
	}
	if err != nil {
		return store.Delivery{}, false, fmt.Errorf("store the delivery: %w", explain(err))
	}
	if len(pruned) > 0 {
		d.ID, d.State = 0, store.StateSent
		return d, false, nil
	}
	s.wake()
	return row.delivery(), added, nil
}

// Delivery gives store.ErrNotFound when no delivery has the id.
func (s *Store) Delivery(ctx context.Context, id int64) (store.Delivery, error) {
	var row deliveryRow
	err := s.read.GetContext(ctx, &row, "SELECT "+deliveryColumns+" FROM deliveries d WHERE d.id = $1", id)
	if errors.Is(err, sql.ErrNoRows) {
		return store.Delivery{}, fmt.Errorf("delivery %d: %w", id, store.ErrNotFound)
	}
	if err != nil {
		return store.Delivery{}, fmt.Errorf("read delivery %d: %w", id, err)
	}
	return row.delivery(), nil
}

// Deliveries gives the newest deliveries of a place. Their order is asked for in a way
// that no index gives: along that of all ids the few of one place would be looked for
// among everybody's.
func (s *Store) Deliveries(ctx context.Context, placeID int64, limit int) ([]store.Delivery, error) {
	var rows []deliveryRow
	err := s.read.SelectContext(ctx, &rows, "SELECT "+deliveryColumns+" FROM deliveries d WHERE d.place_id = $1 ORDER BY d.id + 0 DESC LIMIT $2", placeID, limit)
	if err != nil {
		return nil, fmt.Errorf("read the deliveries: %w", err)
	}
	deliveries := make([]store.Delivery, len(rows))
	for i, r := range rows {
		deliveries[i] = r.delivery()
	}
	return deliveries, nil
}

// NextDue gives when the earliest open delivery becomes due or its lease ends,
// and false when there is none. Those whose turn it is not, as the last claim
// found, and those of places that are gone do not count. It may lie in the past.
func (s *Store) NextDue(ctx context.Context, _ time.Time) (time.Time, bool, error) {
	var next moment
	err := s.read.GetContext(ctx, &next, s.dialect.sql(`SELECT min(first) FROM (SELECT
		(SELECT d.wake_at FROM deliveries d WHERE d.platform = e.value AND d.rank = r.rank AND d.`+open+` AND NOT d.parked
			AND (SELECT p.disabled_at IS NULL FROM places p WHERE p.id = d.place_id) ORDER BY d.wake_at, d.id LIMIT 1) AS first
		FROM {elements $1} e, (SELECT 0 AS rank UNION ALL SELECT 1) r) firsts`), array([]store.Platform{store.Discord, store.Slack}))
	if err != nil {
		return time.Time{}, false, fmt.Errorf("read when the next delivery is due: %w", err)
	}
	return next.Time, !next.IsZero(), nil
}
