package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"sparkbot/store"
)

// Changes gives the oldest changes of moves, each with its move as it is now.
func (s *Store) Changes(ctx context.Context, limit int) ([]store.Change, error) {
	var rows []struct {
		ChangeID int64  `db:"change_id"`
		Kind     string `db:"kind"`
		At       moment `db:"at"`
		Cursor   int64  `db:"cursor_"`
		moveRow
	}
	err := s.read.SelectContext(ctx, &rows, s.dialect.sql("SELECT c.id AS change_id, c.kind, c.at, c.cursor_, "+moveColumns+
		" FROM move_changes c JOIN moves m ON m.id = c.move_id ORDER BY c.id LIMIT $1"), limit)
	if err != nil {
		return nil, fmt.Errorf("read the changes: %w", err)
	}
	changes := make([]store.Change, len(rows))
	for i, r := range rows {
		changes[i] = store.Change{ID: r.ChangeID, Kind: store.ChangeKind(r.Kind), At: r.At.Time, Cursor: r.Cursor, Move: r.move()}
	}
	return changes, nil
}

// FinishChanges drops changes that concern nobody. Those that another process is
// just dropping or expanding are left to it.
func (s *Store) FinishChanges(ctx context.Context, ids []int64) error {
	which := "SELECT c.id FROM move_changes c WHERE c.id IN (SELECT CAST(value AS bigint) FROM {elements $1} e)"
	if s.dialect.name == onPostgres.name {
		which += " FOR UPDATE SKIP LOCKED"
	}
	_, err := s.write.ExecContext(ctx, s.dialect.sql("DELETE FROM move_changes WHERE id IN ("+which+")"), array(ids))
	if err != nil {
		return fmt.Errorf("drop %d changes: %w", len(ids), err)
	}
	return nil
}

// lockNotAvailable is PostgreSQL's answer to NOWAIT.
const lockNotAvailable = "55P03"

// Expand tells the next chunk of places of a change, in one transaction with the
// cursor it moves on. When nobody is left the change is dropped and done is
// true. Errors: store.ErrBusy while another process expands the same change,
// store.ErrNotFound when it is finished already.
func (s *Store) Expand(ctx context.Context, e store.Expansion) (added int, done bool, err error) {
	err = s.within(ctx, func(tx *sqlx.Tx) error {
		cursor, err := s.lockChange(ctx, tx, e.Change.ID)
		if err != nil {
			return err
		}
		next := s.nextPlaces
		if e.Edit {
			next = s.nextMessages
		}
		upTo, places, err := next(ctx, tx, e, cursor)
		if err != nil {
			return err
		}
		if places > 0 {
			if added, err = s.oweAll(ctx, tx, e, cursor, upTo); err != nil {
				return err
			}
			if err := s.announce(ctx, tx); err != nil { // other processes may deliver, too
				return err
			}
		}
		if done = places < e.Chunk; done {
			_, err = tx.ExecContext(ctx, "DELETE FROM move_changes WHERE id = $1", e.Change.ID)
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE move_changes SET cursor_ = $2 WHERE id = $1", e.Change.ID, upTo)
		return err
	})
	if err != nil {
		return 0, false, fmt.Errorf("expand change %d: %w", e.Change.ID, err)
	}
	return added, done, nil
}

// lockChange holds the change for this transaction and gives its cursor.
func (s *Store) lockChange(ctx context.Context, tx *sqlx.Tx, id int64) (cursor int64, err error) {
	query := "SELECT cursor_ FROM move_changes WHERE id = $1"
	if s.dialect.name == onPostgres.name {
		query += " FOR UPDATE NOWAIT"
	}
	err = tx.GetContext(ctx, &cursor, query, id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, store.ErrNotFound
	}
	if e, ok := errors.AsType[*pq.Error](err); ok && e.Code == lockNotAvailable {
		return 0, store.ErrBusy
	}
	return cursor, err
}

// matching are the subscriptions s that hear of an expansion. Arguments: $1 the
// place to begin after, $2 slug, $3 category, $4 tags as JSON, $5 events, $6 the
// time of the change.
const matching = `FROM subscriptions s JOIN places p ON p.id = s.place_id
	WHERE s.place_id > $1 AND s.since <= $6 AND (s.events & CAST($5 AS integer)) <> 0
	AND NOT {contains s.except_, $2}
	AND ((s.kind = 'everything') OR (s.kind = 'project' AND s.value = $2)
		OR (s.kind = 'category' AND lower(s.value) = lower($3))
		OR (s.kind = 'tag' AND lower(s.value) IN (SELECT lower(value) FROM {elements $4} e)))`

func (s *Store) matchArgs(e store.Expansion, cursor int64) []any {
	return []any{cursor, e.Project.Slug, e.Project.Category, array(e.Project.Tags), int(e.Events), s.dialect.stamp(e.Change.At)}
}

// nextPlaces finds how far the next chunk reaches, and how many places it has.
func (s *Store) nextPlaces(ctx context.Context, tx *sqlx.Tx, e store.Expansion, cursor int64) (upTo int64, places int, err error) {
	var row struct {
		UpTo   int64 `db:"up_to"`
		Places int   `db:"places"`
	}
	err = tx.GetContext(ctx, &row, s.dialect.sql("SELECT coalesce(max(place_id), 0) AS up_to, count(*) AS places FROM (SELECT DISTINCT s.place_id "+
		matching+" ORDER BY s.place_id LIMIT $7) chunk"), append(s.matchArgs(e, cursor), e.Chunk)...)
	return row.UpTo, row.Places, err
}

// oweAll owes a chunk what it has to be owed: first edits of what it was told
// already, so that none is owed to what is told just now.
func (s *Store) oweAll(ctx context.Context, tx *sqlx.Tx, e store.Expansion, cursor, upTo int64) (edits int, err error) {
	if e.Edit {
		if edits, err = s.oweEdits(ctx, tx, e, cursor, upTo); err != nil || e.Events == store.NoEvents {
			return edits, err
		}
		if err := s.forgetTakenBack(ctx, tx, e, cursor, upTo); err != nil {
			return edits, err
		}
	}
	alerts, err := s.owe(ctx, tx, e, cursor, upTo)
	return edits + alerts, err
}

// owe inserts one delivery for each place of the chunk that has none for this
// move yet, with the roles of all its matching subscriptions. What a place that is
// gone would hear is held for its return.
func (s *Store) owe(ctx context.Context, tx *sqlx.Tx, e store.Expansion, cursor, upTo int64) (int, error) {
	roles := "coalesce(jsonb_agg(DISTINCT s.role) FILTER (WHERE s.role <> ''), '[]')"
	if s.dialect.name == onSQLite.name {
		roles = "json_group_array(DISTINCT s.role) FILTER (WHERE s.role <> '')"
	}
	key := fmt.Sprintf("move:%d", e.Change.Move.ID)
	newest, err := s.newest(ctx, tx)
	if err != nil {
		return 0, err
	}
	result, err := tx.ExecContext(ctx, s.dialect.sql(`INSERT INTO deliveries (place_id, platform, kind, key, move_id, roles, wake_at, give_up_at, state, held, parked, reason)
		SELECT s.place_id, min(p.platform), 'alert', $8, CAST($9 AS bigint), `+roles+`, $10, $11, `+whileGone+` `+matching+` AND s.place_id <= $7
		GROUP BY s.place_id ORDER BY s.place_id ON CONFLICT (place_id, key) DO NOTHING`),
		append(s.matchArgs(e, cursor), upTo, key, e.Change.Move.ID,
			s.dialect.stamp(e.Now), s.dialect.stamp(e.GiveUpAt))...)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	if err != nil || n == 0 {
		return 0, err
	}
	again, err := s.dropKnown(ctx, tx, newest, key)
	return int(n) - again, err
}
