package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"sparkbot/store"
)

type claimedRow struct {
	deliveryRow
	Place     placeRow `db:"place"`
	Revision  int64    `db:"revision"`
	Retracted bool     `db:"retracted"`
	StoredAt  moment   `db:"stored_at"`
	Muted     moment   `db:"muted"`
	Drops     bool     `db:"drops"`
	More      bool     `db:"more"`
}

// since is from when on the delivery is waited for: an edited or sparked move was
// stored long before it was owed again.
func (r claimedRow) since() time.Time {
	if r.Revision == 1 && r.MoveID != 0 {
		return r.StoredAt.Time
	}
	return r.CreatedAt.Time
}

// covers are the mutes u that cover delivery d. %[1]s is now, %[2]s are the columns
// with the project it is about.
const covers = "FROM mutes u WHERE u.place_id = d.place_id AND u.until > %[1]s AND d.kind IN ('alert', 'trend') AND u.project_id IN (0, %[2]s)"

// claimedRows reads leased deliveries with what is needed to send them.
// Arguments: $1 their ids, $2 now, $3 whether any company counts.
var claimedRows = "SELECT " + deliveryColumns + ", " + joinedPlace + `,
	coalesce(m.revision, 0) AS revision, {open m.stored_at} AS stored_at, (m.retracted_at IS NOT NULL OR (d.move_id <> 0 AND m.id IS NULL) OR (d.turning_id <> 0 AND t.id IS NULL)) AS retracted,
	(SELECT max(u.until) ` + fmt.Sprintf(covers, "$2", "m.project_id, t.project_id") + `) AS muted,
	(SELECT count(*) ` + fmt.Sprintf(covers, "$2", "m.project_id, t.project_id") + ` AND NOT u.catch_up) > 0 AS drops,
	(d.kind IN ('alert', 'trend') AND (SELECT count(*) FROM (SELECT 1 FROM deliveries b WHERE b.place_id = d.place_id AND b.kind IN ('alert', 'trend')
		AND b.` + open + ` AND b.id <> d.id AND ($3 OR b.held OR b.merged_into = d.id) LIMIT 1) x) > 0) AS more
	FROM deliveries d JOIN places p ON p.id = d.place_id LEFT JOIN moves m ON m.id = d.move_id
	LEFT JOIN turnings t ON t.id = d.turning_id AND EXISTS (SELECT 1 FROM projects x WHERE x.id = t.project_id)
	WHERE d.id IN (SELECT CAST(value AS bigint) FROM {elements $1} e)`

// claims gives the deliveries just leased, in the order of ids.
func (s *Store) claims(ctx context.Context, tx *sqlx.Tx, ids []int64, again map[int64]bool, r store.ClaimRequest) ([]store.Claimed, error) {
	var rows []claimedRow
	if err := tx.SelectContext(ctx, &rows, s.dialect.sql(claimedRows), array(ids), s.dialect.stamp(r.Now), r.Company); err != nil {
		return nil, err
	}
	var accompanied []int64
	claimed := make([]store.Claimed, len(rows))
	for i, row := range rows {
		claimed[i] = store.Claimed{
			Delivery: row.delivery(), Place: row.Place.place(), Revision: row.Revision, Retracted: row.Retracted,
			StoredAt: row.since(), MutedUntil: row.Muted.Time, MuteDrops: row.Drops, Again: again[row.ID],
		}
		if row.More {
			accompanied = append(accompanied, row.ID)
		}
	}
	order := make(map[int64]int, len(ids))
	for i, id := range ids {
		order[id] = i
	}
	if err := s.aim(ctx, tx, claimed); err != nil {
		return nil, err
	}
	if err := s.accompany(ctx, tx, claimed, accompanied, r); err != nil {
		return nil, err
	}
	slices.SortFunc(claimed, func(a, b store.Claimed) int { return order[a.ID] - order[b.ID] })
	return claimed, nil
}
