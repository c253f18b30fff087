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
func (s *Store) Expand(ctx context.Context, e store.Expansion) (x store.Expanded, err error) {
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
		if e.TakeFull && places < e.Chunk {
			e.Take = nil
		}
		if places > 0 {
			if x.Owed, x.Claimed, err = s.oweAll(ctx, tx, e, cursor, upTo); err != nil {
				return err
			}
			if x.Owed > len(x.Claimed) { // other processes may deliver, too
				if err := s.announce(ctx, tx); err != nil {
					return err
				}
			}
		}
		if x.Done = places < e.Chunk; x.Done {
			_, err = tx.ExecContext(ctx, "DELETE FROM move_changes WHERE id = $1", e.Change.ID)
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE move_changes SET cursor_ = $2 WHERE id = $1", e.Change.ID, upTo)
		return err
	})
	if err != nil {
		return store.Expanded{}, fmt.Errorf("expand change %d: %w", e.Change.ID, err)
	}
	return x, nil
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

// oweAll owes a chunk what it has to be owed: first edits of what it was told
// already, so that none is owed to what is told just now.
func (s *Store) oweAll(ctx context.Context, tx *sqlx.Tx, e store.Expansion, cursor, upTo int64) (owed int, claimed []store.Claimed, err error) {
	if e.Edit {
		if owed, err = s.oweEdits(ctx, tx, e, cursor, upTo); err != nil || e.Events == store.NoEvents {
			return owed, nil, err
		}
		if err := s.forgetTakenBack(ctx, tx, e, cursor, upTo); err != nil {
			return owed, nil, err
		}
	}
	alerts, claimed, err := s.owe(ctx, tx, e, cursor, upTo)
	return owed + alerts, claimed, err
}
