package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"sparkbot/store"
)

// noticeLock is the advisory lock of the migration that makes `noticed`.
const noticeLock = 7220184

// Notices gives the number of the last move noticed: every one up to it is
// committed, and none that is still to come will be below it.
func (s *Store) Notices(ctx context.Context) (last int64, err error) {
	err = s.within(ctx, func(tx *sqlx.Tx) error {
		if s.dialect.name == onPostgres.name {
			// In a statement of its own: the next one sees what was committed while
			// this one waited.
			if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", noticeLock); err != nil {
				return err
			}
		}
		return tx.GetContext(ctx, &last, "SELECT coalesce(max(id), 0) FROM noticed")
	})
	if err != nil {
		return 0, fmt.Errorf("read the last notice: %w", err)
	}
	return last, nil
}

// Unnoticed reports whether a change from before a time still waits in the
// outbox.
func (s *Store) Unnoticed(ctx context.Context, before time.Time) (bool, error) {
	var n int
	err := s.read.GetContext(ctx, &n, "SELECT count(*) FROM (SELECT 1 FROM move_changes WHERE at < $1 LIMIT 1) x", s.dialect.stamp(before))
	if err != nil {
		return false, fmt.Errorf("look for changes that wait: %w", err)
	}
	return n > 0, nil
}

// closingArgument is one row of the JSON argument that closes a batch.
type closingArgument struct {
	Place   int64  `json:"place"`
	Due     any    `json:"due"`
	NextAt  any    `json:"next_at"`
	Since   any    `json:"since"`
	Seen    int64  `json:"seen"`
	Edition int64  `json:"edition"` // 0: nothing is posted
	Key     string `json:"key"`
	GiveUp  any    `json:"give_up_at"`
}

// closingRecords reads closingArguments as x.
func (d dialect) closingRecords() string {
	if d.name == onSQLite.name {
		return `(SELECT value ->> 'place' AS place, value ->> 'due' AS due, value ->> 'next_at' AS next_at, value ->> 'since' AS since, value ->> 'seen' AS seen,
			value ->> 'edition' AS edition, value ->> 'key' AS key, value ->> 'give_up_at' AS give_up_at FROM json_each($1)) AS x`
	}
	return `jsonb_to_recordset(CAST($1 AS jsonb)) AS x(place bigint, due timestamptz, next_at timestamptz, since timestamptz, seen bigint, edition bigint,
		key text, give_up_at timestamptz)`
}

// CloseDigests ends weeks, all in one transaction: each place's next time and
// reach are moved on and what it is owed is stored. A place that another process
// closed first, or is just closing, is left to it. What is owed is due now and
// given up at giveUpAt. It gives how many places were closed, and how many of
// them are owed something.
func (s *Store) CloseDigests(ctx context.Context, now, giveUpAt time.Time, editions []store.Edition, closings []store.Closing) (closed, owed int, err error) {
	arguments := make([]closingArgument, len(closings))
	for i, c := range closings {
		arguments[i] = closingArgument{
			Place: c.PlaceID, Due: s.dialect.json(c.Due), NextAt: s.dialect.json(c.NextAt), Since: s.dialect.json(c.Since), Seen: c.Seen,
			Key: "digest:" + c.Due.UTC().Format(time.RFC3339), GiveUp: s.dialect.json(giveUpAt),
		}
	}
	err = s.within(ctx, func(tx *sqlx.Tx) error {
		won, err := s.moveOn(ctx, tx, arguments)
		if err != nil {
			return err
		}
		closed = len(won)
		owed, err = s.oweDigests(ctx, tx, now, editions, closings, arguments, won)
		return err
	})
	if err != nil {
		return 0, 0, fmt.Errorf("close the week of %d places: %w", len(closings), err)
	}
	if owed > 0 {
		s.wake()
	}
	return closed, owed, nil
}

// moveOn gives every place its next time and tells which were still to be closed.
func (s *Store) moveOn(ctx context.Context, tx *sqlx.Tx, arguments []closingArgument) (won map[int64]bool, err error) {
	if s.dialect.name == onPostgres.name {
		if arguments, err = s.holdDigests(ctx, tx, arguments); err != nil {
			return nil, err
		}
	}
	var places []int64
	err = tx.SelectContext(ctx, &places, `UPDATE digests SET next_at = x.next_at, since = x.since, seen = x.seen FROM `+s.dialect.closingRecords()+`
		WHERE digests.place_id = x.place AND digests.next_at IS NOT DISTINCT FROM x.due AND NOT digests.off RETURNING digests.place_id`, array(arguments))
	won = make(map[int64]bool, len(places))
	for _, p := range places {
		won[p] = true
	}
	return won, err
}

// holdDigests locks the digests that no other process holds, in the order of
// their places so that two cannot wait for each other, and gives those.
func (s *Store) holdDigests(ctx context.Context, tx *sqlx.Tx, arguments []closingArgument) ([]closingArgument, error) {
	places := make([]int64, len(arguments))
	for i, a := range arguments {
		places[i] = a.Place
	}
	var ids []int64
	if err := tx.SelectContext(ctx, &ids, s.dialect.sql(`SELECT d.place_id FROM digests d
		WHERE d.place_id IN (SELECT CAST(value AS bigint) FROM {elements $1} e) ORDER BY d.place_id FOR UPDATE SKIP LOCKED`), array(places)); err != nil {
		return nil, err
	}
	held := make(map[int64]bool, len(ids))
	for _, id := range ids {
		held[id] = true
	}
	return slices.DeleteFunc(slices.Clone(arguments), func(a closingArgument) bool { return !held[a.Place] }), nil
}

// oweDigests stores the editions that are posted, and one delivery for each
// place.
func (s *Store) oweDigests(ctx context.Context, tx *sqlx.Tx, now time.Time, editions []store.Edition, closings []store.Closing,
	arguments []closingArgument, won map[int64]bool,
) (int, error) {
	posted := map[int]bool{}
	for _, c := range closings {
		if c.Edition >= 0 && won[c.PlaceID] {
			posted[c.Edition] = true
		}
	}
	if len(posted) == 0 {
		return 0, nil
	}
	var wanted []store.Edition
	position := make(map[int]int, len(posted))
	for i, e := range editions {
		if posted[i] {
			position[i] = len(wanted)
			wanted = append(wanted, e)
		}
	}
	ids, err := s.putEditions(ctx, tx, wanted)
	if err != nil {
		return 0, err
	}
	owed := slices.Clone(arguments[:0:0])
	for i, c := range closings {
		if c.Edition >= 0 && won[c.PlaceID] {
			arguments[i].Edition = ids[position[c.Edition]]
			owed = append(owed, arguments[i])
		}
	}
	result, err := tx.ExecContext(ctx, `INSERT INTO deliveries (place_id, platform, kind, key, edition_id, rank, wake_at, give_up_at)
		SELECT p.id, p.platform, 'digest', x.key, x.edition, $3, $2, x.give_up_at FROM `+s.dialect.closingRecords()+`
		JOIN places p ON p.id = x.place WHERE true ON CONFLICT (place_id, key) DO NOTHING`, array(owed), s.dialect.stamp(now), store.RankDigest)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, err
	}
	return int(n), s.announce(ctx, tx)
}
