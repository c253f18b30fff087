package sqlstore

import (
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"sparkbot/store"
)

// claimable picks the due deliveries whose turn it is: their place is enabled
// and not throttled, and nothing earlier of it is still open. Arguments: $1 now,
// $2 platforms, $3 places to skip, $4 workspaces to skip, $5 limit.
//
// Place and predecessors are asked for in subselects that yield one value,
// because these are evaluated row by row along the index of open deliveries. As
// joins, PostgreSQL turned them around while its tables had no statistics, and a
// claim took fifty times as long.
const claimable = `SELECT d.id FROM deliveries d
	WHERE d.state IN ('waiting', 'held', 'sending') AND d.wake_at <= $1
	AND d.place_id NOT IN (SELECT CAST(value AS bigint) FROM {elements $3} e)
	AND (SELECT p.disabled_at IS NULL AND p.platform IN (SELECT value FROM {elements $2} e)
		AND p.platform || ' ' || p.workspace NOT IN (SELECT value FROM {elements $4} e) FROM places p WHERE p.id = d.place_id)
	AND (SELECT count(*) FROM (SELECT 1 FROM deliveries b WHERE b.place_id = d.place_id AND b.id < d.id
		AND b.state IN ('waiting', 'sending') LIMIT 1) x) = 0
	ORDER BY d.wake_at, d.id LIMIT $5{skip}`

// Claim leases due deliveries to the caller, at most one of each place, oldest
// first. A lease that ran out counts as an attempt, because the message may have
// been sent; such a claim has Again set.
func (s *Store) Claim(ctx context.Context, r store.ClaimRequest) ([]store.Claimed, error) {
	skip := make([]string, len(r.SkipWorkspaces))
	for i, w := range r.SkipWorkspaces {
		skip[i] = string(w.Platform) + " " + w.ID
	}
	var claimed []store.Claimed
	err := s.within(ctx, func(tx *sqlx.Tx) error {
		var ids []int64
		err := tx.SelectContext(ctx, &ids, s.dialect.sql(claimable), s.dialect.stamp(r.Now), array(r.Platforms), array(r.SkipPlaces), array(skip), r.Limit)
		if err != nil || len(ids) == 0 {
			return err
		}
		again, err := s.lapsed(ctx, tx, ids)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, s.dialect.sql(`UPDATE deliveries SET fence = fence + 1, wake_at = $2,
			attempt = attempt + CASE WHEN state = 'sending' THEN 1 ELSE 0 END, state = 'sending'
			WHERE id IN (SELECT CAST(value AS bigint) FROM {elements $1} e)`), array(ids), s.dialect.stamp(r.Now.Add(r.Lease))); err != nil {
			return err
		}
		claimed, err = s.claims(ctx, tx, ids, again, r)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claim deliveries: %w", err)
	}
	return claimed, nil
}

// lapsed gives those of the deliveries whose earlier lease ran out.
func (s *Store) lapsed(ctx context.Context, tx *sqlx.Tx, ids []int64) (map[int64]bool, error) {
	var some []int64
	err := tx.SelectContext(ctx, &some, s.dialect.sql("SELECT id FROM deliveries WHERE state = 'sending' AND id IN (SELECT CAST(value AS bigint) FROM {elements $1} e)"), array(ids))
	again := map[int64]bool{}
	for _, id := range some {
		again[id] = true
	}
	return again, err
}

// claims reads what is needed to send the deliveries.
func (s *Store) claims(ctx context.Context, tx *sqlx.Tx, ids []int64, again map[int64]bool, r store.ClaimRequest) ([]store.Claimed, error) {
	var rows []struct {
		deliveryRow
		Place     placeRow `db:"place"`
		Revision  int64    `db:"revision"`
		Retracted bool     `db:"retracted"`
		Muted     moment   `db:"muted"`
	}
	err := tx.SelectContext(ctx, &rows, s.dialect.sql("SELECT "+deliveryColumns+`, p.id AS "place.id", p.platform AS "place.platform",
		p.workspace AS "place.workspace", p.channel AS "place.channel", p.disabled_at AS "place.disabled_at",
		p.disabled_reason AS "place.disabled_reason", p.created_at AS "place.created_at",
		coalesce(m.revision, 0) AS revision, (m.retracted_at IS NOT NULL OR (d.move_id <> 0 AND m.id IS NULL)) AS retracted,
		(SELECT max(u.until) FROM mutes u WHERE u.place_id = d.place_id AND u.until > $2 AND d.kind = 'alert' AND u.project_id IN (0, m.project_id)) AS muted
		FROM deliveries d JOIN places p ON p.id = d.place_id LEFT JOIN moves m ON m.id = d.move_id
		WHERE d.id IN (SELECT CAST(value AS bigint) FROM {elements $1} e)`), array(ids), s.dialect.stamp(r.Now))
	if err != nil {
		return nil, err
	}
	claimed := make([]store.Claimed, len(rows))
	for i, row := range rows {
		claimed[i] = store.Claimed{
			Delivery: row.delivery(), Place: row.Place.place(), Revision: row.Revision, Retracted: row.Retracted,
			MutedUntil: row.Muted.Time, Again: again[row.ID],
		}
	}
	order := make(map[int64]int, len(ids))
	for i, id := range ids {
		order[id] = i
	}
	slices.SortFunc(claimed, func(a, b store.Claimed) int { return order[a.ID] - order[b.ID] })
	return claimed, nil
}
