package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"sparkbot/store"
)

type digestRow struct {
	PlaceID   int64  `db:"place_id"`
	Weekday   int    `db:"weekday"`
	Minute    int    `db:"minute"`
	Zone      string `db:"zone"`
	Off       bool   `db:"off"`
	SkipQuiet bool   `db:"skip_quiet"`
	NextAt    moment `db:"next_at"`
	Since     moment `db:"since"`
	Seen      int64  `db:"seen"`
	Wanted    bool   `db:"wanted"`
}

// wanted tests whether a subscription of digest d's place chose the digest.
var wanted = "EXISTS (SELECT 1 FROM subscriptions s WHERE s.place_id = d.place_id AND " + chose + ")"

var digestColumns = "d.place_id, d.weekday, d.minute, d.zone, d.off, d.skip_quiet, d.next_at, d.since, d.seen, " + wanted + " AS wanted"

func (r digestRow) digest() store.Digest {
	return store.Digest{
		PlaceID: r.PlaceID, Schedule: store.Schedule{Weekday: time.Weekday(r.Weekday), Minute: r.Minute, Zone: r.Zone},
		Off: r.Off, SkipQuiet: r.SkipQuiet, NextAt: r.NextAt.Time, Since: r.Since.Time, Seen: r.Seen, Wanted: r.Wanted,
	}
}

// Digest gives a place's digest. One that nobody ever touched has the default
// schedule and no next time yet.
func (s *Store) Digest(ctx context.Context, placeID int64) (store.Digest, error) {
	var row digestRow
	err := s.read.GetContext(ctx, &row, "SELECT "+digestColumns+" FROM digests d WHERE d.place_id = $1", placeID)
	if errors.Is(err, sql.ErrNoRows) {
		return store.Digest{PlaceID: placeID, Schedule: store.DefaultSchedule}, nil
	}
	if err != nil {
		return store.Digest{}, fmt.Errorf("read the digest of place %d: %w", placeID, err)
	}
	return row.digest(), nil
}

// SetDigest stores when a place's digest comes and what becomes of a quiet week.
// How far the last one reached stays as it is.
func (s *Store) SetDigest(ctx context.Context, d store.Digest) error {
	_, err := s.write.ExecContext(ctx, `INSERT INTO digests (place_id, weekday, minute, zone, off, skip_quiet, next_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (place_id) DO UPDATE SET weekday = excluded.weekday, minute = excluded.minute, zone = excluded.zone, off = excluded.off,
		skip_quiet = excluded.skip_quiet, next_at = excluded.next_at`,
		d.PlaceID, int(d.Schedule.Weekday), d.Schedule.Minute, d.Schedule.Zone, d.Off, d.SkipQuiet, s.dialect.stamp(d.NextAt))
	if err != nil {
		return fmt.Errorf("store the digest of place %d: %w", d.PlaceID, explain(err))
	}
	return nil
}

// UnsetDigests gives digests whose next time is not worked out yet, or lies
// beyond latest, as after a clock that was wrong.
func (s *Store) UnsetDigests(ctx context.Context, latest time.Time, limit int) ([]store.Digest, error) {
	var rows []digestRow
	err := s.read.SelectContext(ctx, &rows, "SELECT "+digestColumns+" FROM digests d WHERE d.next_at IS NULL AND NOT d.off UNION ALL SELECT "+digestColumns+
		" FROM digests d WHERE d.next_at IS NOT NULL AND d.next_at > $1 LIMIT $2", s.dialect.stamp(latest), limit)
	if err != nil {
		return nil, fmt.Errorf("read the digests without a next time: %w", err)
	}
	digests := make([]store.Digest, len(rows))
	for i, r := range rows {
		digests[i] = r.digest()
	}
	return digests, nil
}

// follows gathers subscriptions s of a place, in an order that does not depend on
// when each was made.
func (d dialect) follows() string {
	all := `jsonb_agg(jsonb_build_object('kind', s.kind, 'value', s.value, 'except', s.except_) ORDER BY s.kind COLLATE "C", s.value COLLATE "C")`
	if d.name == onSQLite.name {
		all = "json_group_array(json_object('kind', s.kind, 'value', s.value, 'except', json(s.except_)) ORDER BY s.kind, s.value)"
	}
	return "CAST(" + all + " AS text)"
}

// chose is the condition that a subscription s chose the digest.
var chose = fmt.Sprintf("(s.events & %d) <> 0", store.Digests)

// DueDigests gives digests whose time has come, those that wait longest first.
func (s *Store) DueDigests(ctx context.Context, now time.Time, limit int) ([]store.Due, error) {
	var rows []struct {
		digestRow
		Gone bool `db:"gone"`
	}
	if err := s.read.SelectContext(ctx, &rows, `SELECT d.place_id, d.weekday, d.minute, d.zone, d.off, d.skip_quiet, d.next_at, d.since, d.seen,
			false AS wanted, p.disabled_at IS NOT NULL AS gone
		FROM digests d JOIN places p ON p.id = d.place_id WHERE d.next_at IS NOT NULL AND d.next_at <= $1
		ORDER BY d.next_at, d.place_id LIMIT $2`, s.dialect.stamp(now), limit); err != nil {
		return nil, fmt.Errorf("read the digests that are due: %w", err)
	}
	places := make([]int64, len(rows))
	for i, r := range rows {
		places[i] = r.PlaceID
	}
	follows, err := s.followsOf(ctx, places)
	if err != nil {
		return nil, err
	}
	due := make([]store.Due, len(rows))
	for i, r := range rows {
		due[i] = store.Due{Digest: r.digest(), Gone: r.Gone}
		due[i].Follows, due[i].Wanted = follows[r.PlaceID], follows[r.PlaceID] != ""
	}
	return due, nil
}

// followsOf gives what places follow for their digests, those alone that follow
// something. It is a question of its own, by ids: in one with the digests that are
// due PostgreSQL expects a handful of them, as there mostly are, and compares each
// of ten thousand with each.
func (s *Store) followsOf(ctx context.Context, places []int64) (map[int64]string, error) {
	if len(places) == 0 {
		return nil, nil
	}
	var rows []struct {
		PlaceID int64  `db:"place_id"`
		Follows string `db:"follows"`
	}
	if err := s.read.SelectContext(ctx, &rows, s.dialect.sql(`SELECT s.place_id, `+s.dialect.follows()+` AS follows FROM subscriptions s
		WHERE s.place_id IN (SELECT CAST(value AS bigint) FROM {elements $1} e) AND `+chose+` GROUP BY s.place_id`), array(places)); err != nil {
		return nil, fmt.Errorf("read what %d places follow: %w", len(places), err)
	}
	all := make(map[int64]string, len(rows))
	for _, r := range rows {
		all[r.PlaceID] = r.Follows
	}
	return all, nil
}

// NextDigest gives when the next digest of any place is due, and false when
// there is none. It may lie in the past.
func (s *Store) NextDigest(ctx context.Context) (time.Time, bool, error) {
	var next moment
	err := s.read.GetContext(ctx, &next, "SELECT min(next_at) FROM digests WHERE next_at IS NOT NULL")
	if err != nil {
		return time.Time{}, false, fmt.Errorf("read when the next digest is due: %w", err)
	}
	return next.Time, !next.IsZero(), nil
}

// Follows gives what a place follows for its digest, as Due.Follows does; empty
// when it follows nothing.
func (s *Store) Follows(ctx context.Context, placeID int64) (string, error) {
	var follows *string
	err := s.read.GetContext(ctx, &follows, "SELECT "+s.dialect.follows()+" FROM subscriptions s WHERE s.place_id = $1 AND "+chose, placeID)
	if err != nil {
		return "", fmt.Errorf("read what place %d follows: %w", placeID, err)
	}
	if follows == nil || *follows == "[]" {
		return "", nil
	}
	return *follows, nil
}
