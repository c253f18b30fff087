package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"sparkbot/store"
)

// An edit is owed where a message shows an earlier revision of a move than the
// move has. Two transactions look for that: the one that expands the change looks
// at what is sent or being sent, and the one that records a message as sent looks
// whether the move has changed meanwhile. Whichever of them comes later sees what
// the other did, so no edit is missed; the key keeps it from being owed twice. A
// message that still waits needs none: it is composed from the move as it is then.

// Heard gives those of the moves that some place was told of, or is to be.
func (s *Store) Heard(ctx context.Context, moves []int64) (map[int64]bool, error) {
	var ids []int64
	err := s.read.SelectContext(ctx, &ids, s.dialect.sql(`SELECT CAST(e.value AS bigint) FROM {elements $1} e
		WHERE EXISTS (SELECT 1 FROM deliveries d WHERE d.move_id = CAST(e.value AS bigint) AND d.move_id <> 0)`), array(moves))
	if err != nil {
		return nil, fmt.Errorf("read which of %d moves were told: %w", len(moves), err)
	}
	told := make(map[int64]bool, len(ids))
	for _, id := range ids {
		told[id] = true
	}
	return told, nil
}

// outdated inserts the edits of those of the alerts d that are out of date. A place
// that is gone has its messages edited when it returns.
// Arguments: $1 when they are due, $2 when they are given up.
var outdated = `INSERT INTO deliveries (place_id, platform, kind, key, move_id, target_id, wake_at, give_up_at, parked)
	SELECT d.place_id, d.platform, 'edit', 'edit:' || m.id || ':' || m.revision, m.id,
		CASE WHEN d.merged_into = 0 THEN d.id ELSE d.merged_into END, $1, $2, p.disabled_at IS NOT NULL
	FROM deliveries d JOIN moves m ON m.id = d.move_id JOIN places p ON p.id = d.place_id
	WHERE d.kind = 'alert'
	AND NOT EXISTS (SELECT 1 FROM deliveries w WHERE w.place_id = d.place_id AND w.` + open + ` AND w.state <> 'sending'
		AND w.kind = 'edit' AND w.target_id = CASE WHEN d.merged_into = 0 THEN d.id ELSE d.merged_into END)
	AND `

const (
	ofAMove = `d.move_id = $3 AND d.move_id <> 0 AND d.place_id > $4 AND d.place_id <= $5
		AND (d.state = 'sending' OR (d.state = 'sent' AND d.revision < m.revision)
			OR (d.merged_into <> 0 AND d.state IN ('waiting', 'held')))`
	justSent = `d.id IN (SELECT CAST(value AS bigint) FROM {elements $3} e) AND d.state = 'sent' AND d.revision < m.revision`
	inOrder  = " ORDER BY d.place_id, d.id ON CONFLICT (place_id, key) DO NOTHING"
)

// oweEdits owes an edit to each place of the chunk whose message shows, or is
// about to show, the move as it was before.
func (s *Store) oweEdits(ctx context.Context, tx *sqlx.Tx, e store.Expansion, cursor, upTo int64) (int, error) {
	result, err := tx.ExecContext(ctx, s.dialect.sql(outdated+ofAMove+inOrder), s.dialect.stamp(e.Now), s.dialect.stamp(e.GiveUpAt),
		e.Change.Move.ID, cursor, upTo)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}

// oweLate owes an edit where a move changed between the claim of what was just
// sent and its record.
func (s *Store) oweLate(ctx context.Context, tx *sqlx.Tx, deliveries []int64, now time.Time) error {
	if len(deliveries) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, s.dialect.sql(outdated+justSent+inOrder), s.dialect.stamp(now), s.dialect.stamp(now.Add(store.EditPatience)),
		array(deliveries))
	return err
}

// forgetTakenBack makes room for the alerts of a move that stands again in the
// places of the chunk where it was taken back before it was posted.
func (s *Store) forgetTakenBack(ctx context.Context, tx *sqlx.Tx, e store.Expansion, cursor, upTo int64) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM deliveries WHERE move_id = $1 AND move_id <> 0 AND place_id > $2 AND place_id <= $3
		AND kind = 'alert' AND state = 'cancelled' AND reason = $4`, e.Change.Move.ID, cursor, upTo, store.TakenBack)
	return err
}

// nextMessages is nextPlaces where edits are owed: the places that hear of the
// change, and those that were told of the move.
func (s *Store) nextMessages(ctx context.Context, tx *sqlx.Tx, e store.Expansion, cursor int64) (upTo int64, places int, err error) {
	query := "SELECT DISTINCT d.place_id FROM deliveries d WHERE d.move_id = $1 AND d.move_id <> 0 AND d.place_id > $2 ORDER BY d.place_id LIMIT $3"
	var told, hear struct {
		UpTo   int64 `db:"up_to"`
		Places int   `db:"places"`
	}
	query = "SELECT coalesce(max(place_id), 0) AS up_to, count(*) AS places FROM (" + query + ") chunk"
	if err := tx.GetContext(ctx, &told, query, e.Change.Move.ID, cursor, e.Chunk); err != nil {
		return 0, 0, err
	}
	if e.Events != store.NoEvents {
		if hear.UpTo, hear.Places, err = s.nextPlaces(ctx, tx, e, cursor); err != nil {
			return 0, 0, err
		}
	}
	switch { // a part that is full says nothing of what lies beyond it
	case told.Places == e.Chunk && hear.Places == e.Chunk:
		return min(told.UpTo, hear.UpTo), e.Chunk, nil
	case told.Places == e.Chunk:
		return told.UpTo, e.Chunk, nil
	case hear.Places == e.Chunk:
		return hear.UpTo, e.Chunk, nil
	default:
		return max(told.UpTo, hear.UpTo), min(told.Places+hear.Places, e.Chunk-1), nil
	}
}

type partRow struct {
	deliveryRow
	Leader    int64 `db:"leader"`
	Revision  int64 `db:"revision"`
	Retracted bool  `db:"retracted"`
}

// lost tests whether what delivery d tells of, move m or turning t, was taken back
// or deleted.
const lost = "(m.retracted_at IS NOT NULL OR (m.id IS NULL AND t.id IS NULL))"

// parts reads the deliveries that are, or share, the messages of others.
// Argument: $1 the ids of those others.
const parts = "SELECT " + deliveryColumns + `, CASE WHEN d.merged_into = 0 THEN d.id ELSE d.merged_into END AS leader,
	coalesce(m.revision, 0) AS revision, ` + lost + ` AS retracted
	FROM deliveries d LEFT JOIN moves m ON m.id = d.move_id LEFT JOIN turnings t ON t.id = d.turning_id
	WHERE d.id IN (SELECT CAST(value AS bigint) FROM {elements $1} e
		UNION SELECT f.id FROM deliveries f JOIN {elements $1} e ON f.merged_into = CAST(e.value AS bigint) WHERE f.merged_into <> 0 AND f.state = 'sent')
	ORDER BY d.id`

// aim tells the edits among the claimed what they edit.
func (s *Store) aim(ctx context.Context, tx *sqlx.Tx, claimed []store.Claimed) error {
	edits := map[int64][]*store.Claimed{} // by target
	var targets []int64
	for i := range claimed {
		if c := &claimed[i]; c.Kind == store.DeliveryEdit {
			c.Target = &store.Delivery{}
			edits[c.TargetID] = append(edits[c.TargetID], c)
			targets = append(targets, c.TargetID)
		}
	}
	if len(targets) == 0 {
		return nil
	}
	var rows []partRow
	if err := tx.SelectContext(ctx, &rows, s.dialect.sql(parts), array(targets)); err != nil {
		return err
	}
	for _, row := range rows {
		for _, c := range edits[row.Leader] {
			if row.ID == row.Leader {
				*c.Target = row.delivery()
			}
			c.Roles = union(c.Roles, row.Roles)
			c.Parts = append(c.Parts, row.part())
		}
	}
	return nil
}

func (r partRow) part() store.Part {
	return store.Part{DeliveryID: r.ID, MoveID: r.MoveID, TurningID: r.TurningID, Revision: r.Revision, Shown: r.Shown, Retracted: r.Retracted}
}

// union adds to a what of b is not in it.
func union(a, b []string) []string {
	for _, s := range b {
		if !slices.Contains(a, s) {
			a = append(a, s)
		}
	}
	return a
}
