package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"sparkbot/store"
)

// oweQuery owes an alert to each place of the chunk that has none for this move
// yet, with the roles of all its matching subscriptions. What a place that is gone
// would hear is held for its return, and what the caller takes is leased to it.
// Arguments after those of matchArgs: $7 the last place, $8 key, $9 move, $10 when
// they are due, $11 when they are given up, $12 platforms to take, $13 the lease's
// end.
//
// All of a chunk are owed at the same moment, so that one tells it of all.
func (s *Store) oweQuery(e store.Expansion) string {
	// A role may stand there twice: to tell them apart here is a sort for each place.
	roles := "coalesce(jsonb_agg(s.role) FILTER (WHERE s.role <> ''), '[]')"
	if s.dialect.name == onSQLite.name {
		roles = "json_group_array(s.role) FILTER (WHERE s.role <> '')"
	}
	return s.dialect.sql(`INSERT INTO deliveries (place_id, platform, kind, key, move_id, roles, wake_at, give_up_at, state, held, parked, reason, fence, revision, begun_at, created_at)
		SELECT place_id, platform, 'alert', $8, CAST($9 AS bigint), roles, CASE WHEN taken THEN {moment $13} ELSE {moment $10} END, $11,
			CASE WHEN gone THEN 'held' WHEN taken THEN 'sending' ELSE 'waiting' END, gone, gone, reason,
			CASE WHEN taken THEN 1 ELSE 0 END, CASE WHEN taken THEN coalesce((SELECT m.revision FROM moves m WHERE m.id = CAST($9 AS bigint)), 0) ELSE 0 END, CASE WHEN taken THEN {moment $10} END, (SELECT {now})
		FROM (SELECT s.place_id, min(p.platform) AS platform, ` + roles + ` AS roles, min(p.disabled_at) IS NOT NULL AS gone,
				min(CASE WHEN p.disabled_at IS NULL THEN '' ELSE 'the place is gone: ' || p.disabled_reason END) AS reason,
				min(CASE WHEN p.disabled_at IS NULL AND p.platform IN (SELECT value FROM {elements $12} e) AND (p.rest_until IS NULL OR p.rest_until <= {moment $10})
					AND (SELECT count(*) FROM (SELECT 1 FROM deliveries b WHERE b.place_id = p.id AND b.` + open + ` LIMIT 1) x) = 0 THEN 1 ELSE 0 END) = 1 AS taken
			FROM (` + s.hearing(e, "s.place_id, s.role", " AND s.place_id <= $7") + `) s JOIN places p ON p.id = s.place_id GROUP BY s.place_id) told
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
	n, taken, err := s.oweTaken(ctx, tx, e, args)
	if err != nil {
		return 0, nil, err
	}
	if toldBefore(e.Change) {
		again, err := s.dropKnown(ctx, tx, newest, key)
		if err != nil {
			return 0, nil, err
		}
		n -= len(again)
		taken = slices.DeleteFunc(taken, func(o owed) bool { return slices.Contains(again, o.id) })
	}
	claimed, err = s.handOver(ctx, tx, e, key, taken)
	return n, claimed, err
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

// owed is an alert that was stored just now as claimed.
type owed struct {
	id, place int64
	roles     list
}

// oweTaken owes the chunk its alerts and says how many those are, and which of them
// are claimed. It reads its thousands of rows itself: what sqlx does for each costs
// as much as to store it.
func (s *Store) oweTaken(ctx context.Context, tx *sqlx.Tx, e store.Expansion, args []any) (n int, taken []owed, err error) {
	rows, err := tx.QueryContext(ctx, s.oweQuery(e)+" RETURNING id, place_id, fence, CASE WHEN roles <> '[]' THEN roles END", args...)
	if err != nil {
		return 0, nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	taken = make([]owed, 0, e.Chunk)
	for ; rows.Next(); n++ {
		var o owed
		var fence int64
		if err := rows.Scan(&o.id, &o.place, &fence, &o.roles); err != nil {
			return 0, nil, err
		}
		if fence > 0 {
			taken = append(taken, o)
		}
	}
	return n, taken, rows.Err()
}

// handOver gives the claims on alerts just owed. What is the same for all of them is
// read of one.
func (s *Store) handOver(ctx context.Context, tx *sqlx.Tx, e store.Expansion, key string, taken []owed) ([]store.Claimed, error) {
	if len(taken) == 0 {
		return nil, nil
	}
	var same struct {
		Revision  int64  `db:"revision"`
		GiveUpAt  moment `db:"give_up_at"`
		CreatedAt moment `db:"created_at"`
	}
	if err := tx.GetContext(ctx, &same, "SELECT revision, give_up_at, created_at FROM deliveries WHERE id = $1", taken[0].id); err != nil {
		return nil, err
	}
	places := make([]int64, len(taken))
	for i, o := range taken {
		places[i] = o.place
	}
	b, err := s.beside(ctx, tx, places, []int64{e.Change.Move.ID}, nil, e.Now)
	if err != nil {
		return nil, err
	}
	now, until := s.dialect.kept(e.Now), s.dialect.kept(e.Now.Add(e.Lease))
	claimed := make([]store.Claimed, len(taken))
	for i, o := range taken {
		claimed[i].Delivery = store.Delivery{
			ID: o.id, PlaceID: o.place, Kind: store.DeliveryAlert, Key: key, MoveID: e.Change.Move.ID, Shown: same.Revision, State: store.StateSending,
			Roles: o.roles.sorted(), Fence: 1, LeaseUntil: until, GiveUpAt: same.GiveUpAt.Time, CreatedAt: same.CreatedAt.Time, BegunAt: now,
		}
		b.tell(&claimed[i])
	}
	return claimed, nil
}
