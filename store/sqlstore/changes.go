package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

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

// owed is an alert that was stored just now.
type owed struct {
	ID        int64  `db:"id"`
	PlaceID   int64  `db:"place_id"`
	State     string `db:"state"`
	Roles     list   `db:"roles"`
	Revision  int64  `db:"revision"`
	GiveUpAt  moment `db:"give_up_at"`
	CreatedAt moment `db:"created_at"`
}

// oweQuery owes an alert to each place of the chunk that has none for this move
// yet, with the roles of all its matching subscriptions. What a place that is gone
// would hear is held for its return, and what the caller takes is leased to it.
// Arguments after those of matchArgs: $7 the last place, $8 key, $9 move, $10 when
// they are due, $11 when they are given up, $12 platforms to take, $13 the lease's
// end.
func (s *Store) oweQuery(e store.Expansion) string {
	// A role may stand there twice: to tell them apart here is a sort for each place.
	roles := "coalesce(jsonb_agg(s.role) FILTER (WHERE s.role <> ''), '[]')"
	if s.dialect.name == onSQLite.name {
		roles = "json_group_array(s.role) FILTER (WHERE s.role <> '')"
	}
	return s.dialect.sql(`INSERT INTO deliveries (place_id, platform, kind, key, move_id, roles, wake_at, give_up_at, state, held, parked, reason, fence, revision, begun_at)
		SELECT place_id, platform, 'alert', $8, CAST($9 AS bigint), roles, CASE WHEN taken THEN {moment $13} ELSE {moment $10} END, $11,
			CASE WHEN gone THEN 'held' WHEN taken THEN 'sending' ELSE 'waiting' END, gone, gone, reason,
			CASE WHEN taken THEN 1 ELSE 0 END, CASE WHEN taken THEN coalesce((SELECT m.revision FROM moves m WHERE m.id = CAST($9 AS bigint)), 0) ELSE 0 END, CASE WHEN taken THEN {moment $10} END
		FROM (SELECT s.place_id, min(p.platform) AS platform, ` + roles + ` AS roles, min(p.disabled_at) IS NOT NULL AS gone,
				min(CASE WHEN p.disabled_at IS NULL THEN '' ELSE 'the place is gone: ' || p.disabled_reason END) AS reason,
				min(CASE WHEN p.disabled_at IS NULL AND p.platform IN (SELECT value FROM {elements $12} e) AND (p.rest_until IS NULL OR p.rest_until <= {moment $10})
					AND (SELECT count(*) FROM (SELECT 1 FROM deliveries b WHERE b.place_id = p.id AND b.` + open + ` LIMIT 1) x) = 0 THEN 1 ELSE 0 END) = 1 AS taken
			FROM (` + s.hearing(e, "s.*", " AND s.place_id <= $7") + `) s JOIN places p ON p.id = s.place_id GROUP BY s.place_id) told
		WHERE true ORDER BY place_id ON CONFLICT (place_id, key) DO NOTHING`)
}

// owe owes the chunk its alerts, and gives those that are claimed.
func (s *Store) owe(ctx context.Context, tx *sqlx.Tx, e store.Expansion, cursor, upTo int64) (n int, claimed []store.Claimed, err error) {
	var newest int64
	if toldBefore(e.Change) {
		if newest, err = s.newest(ctx, tx); err != nil {
			return 0, nil, err
		}
	}
	key := fmt.Sprintf("move:%d", e.Change.Move.ID)
	args := append(s.matchArgs(e, cursor), upTo, key, e.Change.Move.ID,
		s.dialect.stamp(e.Now), s.dialect.stamp(e.GiveUpAt), array(e.Take), s.dialect.stamp(e.Now.Add(e.Lease)))
	if len(e.Take) == 0 { // nobody wants to know which
		n, err = s.oweUnclaimed(ctx, tx, e, args)
		if err != nil || n == 0 || !toldBefore(e.Change) {
			return n, nil, err
		}
		again, err := s.dropKnown(ctx, tx, newest, key)
		return n - len(again), nil, err
	}
	var rows []owed
	if err := tx.SelectContext(ctx, &rows, s.oweQuery(e)+" RETURNING id, place_id, state, roles, revision, give_up_at, created_at", args...); err != nil || len(rows) == 0 {
		return 0, nil, err
	}
	if toldBefore(e.Change) {
		again, err := s.dropKnown(ctx, tx, newest, key)
		if err != nil {
			return 0, nil, err
		}
		rows = slices.DeleteFunc(rows, func(o owed) bool { return slices.Contains(again, o.ID) })
	}
	claimed, err = s.taken(ctx, tx, e, key, rows)
	return len(rows), claimed, err
}

// oweUnclaimed owes the chunk its alerts and says how many those are.
func (s *Store) oweUnclaimed(ctx context.Context, tx *sqlx.Tx, e store.Expansion, args []any) (int, error) {
	result, err := tx.ExecContext(ctx, s.oweQuery(e), args...)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}

// toldBefore reports whether a place may have been told of the move before, under a
// key that was pruned since. A move that was only just stored was told to nobody.
func toldBefore(c store.Change) bool { return c.Kind != store.ChangeStored || c.Move.Revision > 1 }

// taken gives the claims among the alerts just owed.
func (s *Store) taken(ctx context.Context, tx *sqlx.Tx, e store.Expansion, key string, rows []owed) ([]store.Claimed, error) {
	var leased []candidate
	var shown []revisionRow
	for _, o := range rows {
		if o.State == string(store.StateSending) {
			leased = append(leased, candidate{deliveryRow: deliveryRow{
				ID: o.ID, PlaceID: o.PlaceID, Kind: string(store.DeliveryAlert), Key: key, MoveID: e.Change.Move.ID, State: string(store.StateWaiting),
				Roles: o.Roles, GiveUpAt: o.GiveUpAt, CreatedAt: o.CreatedAt,
			}})
			shown = append(shown, revisionRow{o.ID, o.Revision})
		}
	}
	if len(leased) == 0 {
		return nil, nil
	}
	return s.claims(ctx, tx, leased, shown, store.ClaimRequest{Now: e.Now, Lease: e.Lease})
}
