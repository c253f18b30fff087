package sqlstore

import (
	"context"
	"fmt"
	"time"

	"sparkbot/store"
)

// Told gives the moves that were noticed after one notice and up to another and
// happened at since or later, in the order in which they were noticed. Retracted
// ones are left out.
func (s *Store) Told(ctx context.Context, after, upTo int64, since time.Time) ([]store.Told, error) {
	var rows []struct {
		moveRow
		Notice  int64 `db:"notice"`
		History bool  `db:"history"`
	}
	err := s.read.SelectContext(ctx, &rows, s.dialect.sql("SELECT "+moveColumns+`, n.id AS notice, n.history
		FROM noticed n JOIN moves m ON m.id = n.move_id WHERE n.id > $1 AND n.id <= $2 AND m.retracted_at IS NULL AND {open m.occurred_at} >= $3 ORDER BY n.id`),
		after, upTo, s.dialect.stamp(since))
	if err != nil {
		return nil, fmt.Errorf("read the moves of a week: %w", err)
	}
	moves := make([]store.Told, len(rows))
	for i, r := range rows {
		moves[i] = store.Told{Move: r.move(), Notice: r.Notice, History: r.History}
	}
	return moves, nil
}

// MovesByID gives moves whole, in no order; ids that are none are left out.
func (s *Store) MovesByID(ctx context.Context, ids []int64) ([]store.Move, error) {
	var rows []moveRow
	err := s.read.SelectContext(ctx, &rows, s.dialect.sql("SELECT "+moveColumns+
		" FROM moves m WHERE m.id IN (SELECT CAST(value AS bigint) FROM {elements $1} e)"), array(ids))
	if err != nil {
		return nil, fmt.Errorf("read %d moves: %w", len(ids), err)
	}
	moves := make([]store.Move, len(rows))
	for i, r := range rows {
		moves[i] = r.move()
	}
	return moves, nil
}
