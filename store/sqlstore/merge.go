package sqlstore

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"sparkbot/store"
)

// Several alerts of a place can be told in one message: that of the claimed one,
// which the others join. Joining is stored before the message is posted, and no
// other joins afterwards, so that whoever takes over knows what a message that may
// have arrived tells of. Those who joined are not claimed, because the claimed one
// keeps them back; they are recorded as sent in the transaction that records it.
// When it ends otherwise they are on their own again.

type companionRow struct {
	partRow
	Muted bool `db:"muted"`
}

// covers is the condition of the mutes u that cover delivery d. %[1]s is now, %[2]s
// are the columns with the project it is about.
const covers = "FROM mutes u WHERE u.place_id = d.place_id AND u.until > %[1]s AND d.kind IN ('alert', 'trend') AND u.project_id IN (0, %[2]s)"

// company are open alerts beside the claimed ones, at most so many of a place. The
// sum keeps SQLite from reading all that a place ever had, in the order wanted.
// Arguments: $1 ids of the claimed, $2 now, $3 whether any counts, $4 how many.
var company = `SELECT * FROM (SELECT ` + deliveryColumns + `, c.id AS leader, coalesce(m.revision, 0) AS revision,
		` + lost + ` AS retracted, (SELECT count(*) ` + fmt.Sprintf(covers, "$2", "m.project_id, t.project_id") + `) > 0 AS muted,
		row_number() OVER (PARTITION BY c.id ORDER BY d.merged_into <> c.id, d.id + 0) AS nth
	FROM deliveries c JOIN deliveries d ON d.place_id = c.place_id AND d.id <> c.id LEFT JOIN moves m ON m.id = d.move_id LEFT JOIN turnings t ON t.id = d.turning_id
	WHERE c.id IN (SELECT CAST(value AS bigint) FROM {elements $1} e) AND d.` + open + ` AND d.kind IN ('alert', 'trend') AND d.state <> 'sending'
	AND d.unsure_at IS NULL AND (d.merged_into = c.id OR (d.merged_into = 0 AND ($3 OR d.held)))) ranked
	WHERE nth <= $4 ORDER BY id`

// accompany tells the claimed alerts which others of their place are open.
func (s *Store) accompany(ctx context.Context, tx *sqlx.Tx, claimed []store.Claimed, ids []int64, r store.ClaimRequest) error {
	if len(ids) == 0 {
		return nil
	}
	var rows []struct {
		companionRow
		Nth int `db:"nth"`
	}
	err := tx.SelectContext(ctx, &rows, s.dialect.sql(company), array(ids), s.dialect.stamp(r.Now), r.Company, store.MaxParts-1)
	if err != nil {
		return err
	}
	byLeader := map[int64][]store.Companion{}
	for _, row := range rows {
		byLeader[row.Leader] = append(byLeader[row.Leader], store.Companion{
			Part: row.part(), MergedInto: row.Merged, Held: row.Held, Muted: row.Muted, DueAt: row.WakeAt.Time, Roles: row.Roles,
		})
	}
	for i := range claimed {
		claimed[i].Company = byLeader[claimed[i].ID]
	}
	return nil
}

// Merge has other open alerts of its place join a claimed one, and gives those
// that did: all of them, unless they ended or the claim has passed on meanwhile.
func (s *Store) Merge(ctx context.Context, delivery, fence int64, others []int64) (joined []int64, err error) {
	err = s.within(ctx, func(tx *sqlx.Tx) error {
		if err := s.holdPlaceOf(ctx, tx, delivery); err != nil {
			return err
		}
		return tx.SelectContext(ctx, &joined, s.dialect.sql(`UPDATE deliveries SET merged_into = $1,
				revision = coalesce((SELECT m.revision FROM moves m WHERE m.id = deliveries.move_id), 0)
			WHERE id IN (SELECT CAST(value AS bigint) FROM {elements $3} e) AND `+open+` AND state <> 'sending' AND merged_into = 0
			AND place_id = (SELECT c.place_id FROM deliveries c WHERE c.id = $1 AND c.fence = $2 AND c.state = 'sending') RETURNING id`),
			delivery, fence, array(others))
	})
	if err != nil {
		return nil, fmt.Errorf("merge %d deliveries: %w", len(others), err)
	}
	return joined, nil
}

// part lets go of those who joined a delivery whose message was not posted, and
// will not be.
func (s *Store) part(ctx context.Context, tx *sqlx.Tx, settlements []store.Settlement, settled map[int64]int64) error {
	var ids []int64
	for _, one := range settlements {
		if _, done := settled[one.DeliveryID]; !done {
			continue
		}
		switch one.Outcome {
		case store.OutcomeHeld, store.OutcomeFailed, store.OutcomeCancelled, store.OutcomeGone:
			ids = append(ids, one.DeliveryID)
		case store.OutcomeRetry:
			if one.Apart {
				ids = append(ids, one.DeliveryID)
			}
		case store.OutcomeSent, store.OutcomeReleased:
		}
	}
	if len(ids) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, s.dialect.sql(`UPDATE deliveries SET merged_into = 0 WHERE id IN (
		SELECT f.id FROM deliveries f JOIN {elements $1} e ON f.merged_into = CAST(e.value AS bigint) WHERE f.merged_into <> 0)
		AND state IN ('waiting', 'held')`), array(ids))
	return err
}
