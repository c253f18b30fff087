package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// Prune looks at the deliveries that follow one in the order of their ids, limit
// of them, and takes away those that ended before a time. The keys of those that
// must not be owed again stay. It gives the last one it looked at, 0 when it came
// to those that are too young, and how many it took away.
func (s *Store) Prune(ctx context.Context, after int64, before time.Time, limit int) (last int64, pruned int, err error) {
	var rows []struct {
		ID        int64  `db:"id"`
		CreatedAt moment `db:"created_at"`
		SettledAt moment `db:"settled_at"`
	}
	if err := s.read.SelectContext(ctx, &rows, "SELECT id, created_at, settled_at FROM deliveries WHERE id > $1 ORDER BY id LIMIT $2", after, limit); err != nil {
		return 0, 0, fmt.Errorf("look for old deliveries: %w", err)
	}
	var ids []int64
	for _, r := range rows {
		if !r.SettledAt.IsZero() && r.SettledAt.Before(before) {
			ids = append(ids, r.ID)
		}
		last = r.ID
		if r.CreatedAt.After(before) {
			last = 0
			break
		}
	}
	if len(rows) < limit {
		last = 0
	}
	if len(ids) == 0 {
		return last, 0, nil
	}
	err = s.within(ctx, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, s.dialect.sql(`INSERT INTO delivery_keys (place_id, key) SELECT d.place_id, d.key FROM deliveries d
			WHERE d.id IN (SELECT CAST(value AS bigint) FROM {elements $1} e) AND d.kind IN ('alert', 'trend', 'digest') AND d.settled_at < $2
			ON CONFLICT DO NOTHING`), array(ids), s.dialect.stamp(before)); err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx, s.dialect.sql(`DELETE FROM deliveries WHERE id IN (SELECT CAST(value AS bigint) FROM {elements $1} e)
			AND settled_at < $2 AND state IN ('sent', 'failed', 'cancelled')`), array(ids), s.dialect.stamp(before))
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		pruned = int(n)
		return err
	})
	if err != nil {
		return 0, 0, fmt.Errorf("prune %d deliveries: %w", len(ids), err)
	}
	return last, pruned, nil
}

// TrimGone cancels what is held for places that are gone: all but the newest most
// of each place, and whatever is older than before. It looks at limit places that
// follow one in the order of their ids and gives the last of them, 0 at the end.
func (s *Store) TrimGone(ctx context.Context, after int64, now, before time.Time, most, limit int) (last int64, cancelled int, err error) {
	var ids []int64
	if err := s.read.SelectContext(ctx, &ids, "SELECT id FROM places WHERE id > $1 AND disabled_at IS NOT NULL ORDER BY id LIMIT $2", after, limit); err != nil {
		return 0, 0, fmt.Errorf("look for places that are gone: %w", err)
	}
	if len(ids) == 0 {
		return 0, 0, nil
	}
	result, err := s.write.ExecContext(ctx, s.dialect.sql(`UPDATE deliveries AS d SET state = 'cancelled', parked = false, settled_at = $2,
		reason = 'the place was gone for too long'
		WHERE d.place_id IN (SELECT CAST(value AS bigint) FROM {elements $1} e) AND d.`+open+` AND d.state <> 'sending' AND (d.created_at < $3
			OR d.id <= (SELECT x.id FROM deliveries x WHERE x.place_id = d.place_id AND x.`+open+` ORDER BY x.id DESC LIMIT 1 OFFSET $4))`),
		array(ids), s.dialect.stamp(now), s.dialect.stamp(before), most)
	if err != nil {
		return 0, 0, fmt.Errorf("trim what is held for places that are gone: %w", err)
	}
	n, err := result.RowsAffected()
	if last = ids[len(ids)-1]; len(ids) < limit {
		last = 0
	}
	return last, int(n), err
}

// newest gives the highest id of a delivery there is.
func (s *Store) newest(ctx context.Context, tx *sqlx.Tx) (id int64, err error) {
	err = tx.GetContext(ctx, &id, "SELECT coalesce(max(id), 0) FROM deliveries")
	return id, err
}

// dropKnown takes back what was owed just now under a key that was pruned before,
// and says which that was. It looks after the insert and not within it,
// because a prune that commits between the two is only seen by a statement that
// begins later. It counts instead of asking EXISTS for the reason given at blocked.
func (s *Store) dropKnown(ctx context.Context, tx *sqlx.Tx, newest int64, key string) (dropped []int64, err error) {
	err = tx.SelectContext(ctx, &dropped, `DELETE FROM deliveries WHERE id > $1 AND key = $2
		AND (SELECT count(*) FROM delivery_keys k WHERE k.place_id = deliveries.place_id AND k.key = $2) > 0 RETURNING id`, newest, key)
	return dropped, err
}
