package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"
	"time"

	"github.com/jmoiron/sqlx"

	"sparkbot/store"
)

// What a claim needs beside its delivery is read by the ids of a whole batch, one
// plain question for each table: joins to it are planned anew for every batch, and
// PostgreSQL plans some of them badly.

// revisionRow is the revision a message shows.
type revisionRow struct {
	ID       int64 `db:"id"`
	Revision int64 `db:"revision"`
}

// subject is what a delivery tells of: a move, or a turn of a project's trend.
type subject struct {
	ID        int64  `db:"id"`
	ProjectID int64  `db:"project_id"`
	Revision  int64  `db:"revision"`
	Retracted bool   `db:"retracted"`
	StoredAt  moment `db:"stored_at"`
}

const (
	movesByID = `SELECT m.id, m.project_id, m.revision, m.retracted_at IS NOT NULL AS retracted, {open m.stored_at} AS stored_at
		FROM moves m WHERE m.id IN (SELECT CAST(value AS bigint) FROM {elements $1} e)`
	turningsByID = `SELECT t.id, t.project_id FROM turnings t WHERE t.id IN (SELECT CAST(value AS bigint) FROM {elements $1} e)
		AND EXISTS (SELECT 1 FROM projects x WHERE x.id = t.project_id)`
	placesWhere = "SELECT " + placeColumns + " FROM places p WHERE p.id "
	mutesWhere  = "SELECT u.place_id, u.project_id, u.until, u.catch_up FROM mutes u WHERE u.until > $1 AND u.place_id "
)

// some gives the end of a query for the places with these ids, whose first argument is
// the nth, with its arguments. A fan-out tells nearly all places between two ids, which
// are read in one go; the others come along, and nobody asks for them.
func some(ids []int64, n int) (where string, args []any) {
	if len(ids) > 0 {
		if from, to := slices.Min(ids), slices.Max(ids); to-from < int64(2*len(ids)) {
			return fmt.Sprintf("BETWEEN $%d AND $%d", n, n+1), []any{from, to}
		}
	}
	return fmt.Sprintf("IN (SELECT CAST(value AS bigint) FROM {elements $%d} e)", n), []any{array(ids)}
}

type muteRow struct {
	PlaceID   int64  `db:"place_id"`
	ProjectID int64  `db:"project_id"` // 0: all of them
	Until     moment `db:"until"`
	CatchUp   bool   `db:"catch_up"`
}

// beside is what the claims of a batch need beside their deliveries.
type beside struct {
	places []store.Place // by id
	moves  map[int64]subject
	turns  map[int64]subject
	mutes  map[int64][]muteRow // by place
}

// beside reads what the claims of these places on these moves and turns need; 0 is
// none of them.
func (s *Store) beside(ctx context.Context, tx *sqlx.Tx, places, moves, turns []int64, now time.Time) (b beside, err error) {
	if b.places, err = s.addressed(ctx, tx, places); err != nil {
		return b, err
	}
	if b.moves, err = s.subjects(ctx, tx, movesByID, moves); err != nil {
		return b, err
	}
	if b.turns, err = s.subjects(ctx, tx, turningsByID, turns); err != nil {
		return b, err
	}
	b.mutes, err = s.mutesOf(ctx, tx, places, now)
	return b, err
}

// addressed gives the places with these ids in the order of those, and maybe some
// between them. As many are read as alerts are claimed, so without sqlx.
func (s *Store) addressed(ctx context.Context, tx *sqlx.Tx, ids []int64) (places []store.Place, err error) {
	where, args := some(ids, 1)
	rows, err := tx.QueryContext(ctx, s.dialect.sql(placesWhere+where+" ORDER BY p.id"), args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	places = make([]store.Place, 0, len(ids))
	var r placeRow
	fields := r.fields()
	for rows.Next() {
		if err := rows.Scan(fields...); err != nil {
			return nil, err
		}
		p := r.place()
		if n := len(places); n > 0 && places[n-1].Workspace == p.Workspace { // one text for the thousands of a workspace
			p.Workspace = places[n-1].Workspace
		}
		places = append(places, p)
	}
	return places, rows.Err()
}

func (s *Store) subjects(ctx context.Context, tx *sqlx.Tx, query string, ids []int64) (map[int64]subject, error) {
	if ids = slices.DeleteFunc(ids, func(id int64) bool { return id == 0 }); len(ids) == 0 {
		return nil, nil
	}
	var rows []subject
	if err := tx.SelectContext(ctx, &rows, s.dialect.sql(query), array(ids)); err != nil {
		return nil, err
	}
	subjects := make(map[int64]subject, len(rows))
	for _, row := range rows {
		subjects[row.ID] = row
	}
	return subjects, nil
}

func (s *Store) mutesOf(ctx context.Context, tx *sqlx.Tx, places []int64, now time.Time) (map[int64][]muteRow, error) {
	var rows []muteRow
	where, args := some(places, 2)
	if err := tx.SelectContext(ctx, &rows, s.dialect.sql(mutesWhere+where), append([]any{s.dialect.stamp(now)}, args...)...); err != nil {
		return nil, err
	}
	mutes := map[int64][]muteRow{}
	for _, row := range rows {
		mutes[row.PlaceID] = append(mutes[row.PlaceID], row)
	}
	return mutes, nil
}

// claims gives the deliveries just leased, in their order, with the revisions that
// their messages show.
func (s *Store) claims(ctx context.Context, tx *sqlx.Tx, leased []candidate, shown []revisionRow, r store.ClaimRequest) ([]store.Claimed, error) {
	places := make([]int64, len(leased))
	moves, turns := map[int64]bool{}, map[int64]bool{}
	for i, c := range leased {
		places[i], moves[c.MoveID], turns[c.TurningID] = c.PlaceID, true, true
	}
	b, err := s.beside(ctx, tx, places, slices.Sorted(maps.Keys(moves)), slices.Sorted(maps.Keys(turns)), r.Now)
	if err != nil {
		return nil, err
	}
	revisions := make(map[int64]int64, len(shown))
	for _, row := range shown {
		revisions[row.ID] = row.Revision
	}
	now, until := s.dialect.kept(r.Now), s.dialect.kept(r.Now.Add(r.Lease))
	var accompanied []int64
	claimed := make([]store.Claimed, len(leased))
	for i := range leased {
		c := &leased[i]
		claimed[i].Delivery, claimed[i].Again = c.leased(now, until, revisions[c.ID]), c.again()
		b.tell(&claimed[i])
		if c.More {
			accompanied = append(accompanied, c.ID)
		}
	}
	if err := s.aim(ctx, tx, claimed); err != nil {
		return nil, err
	}
	if r.Early > 0 {
		if err := s.tellRests(ctx, tx, claimed, r.Now); err != nil {
			return nil, err
		}
	}
	return claimed, s.accompany(ctx, tx, claimed, accompanied, r)
}

// leased is a candidate as the lease has made it.
func (c *candidate) leased(now, until time.Time, shown int64) store.Delivery {
	d := c.delivery()
	d.DueAt, d.LeaseUntil, d.State = time.Time{}, until, store.StateSending
	d.Fence++
	if c.again() {
		d.Attempt++
		d.UnsureAt = firstOf(d.UnsureAt, d.BegunAt, d.CreatedAt)
	}
	d.BegunAt, d.Shown = now, shown
	return d
}

// tell adds to a claim what its delivery does not know: the place, and how its move
// and the mutes stand.
func (b beside) tell(c *store.Claimed) {
	i := sort.Search(len(b.places), func(i int) bool { return b.places[i].ID >= c.PlaceID })
	if i < len(b.places) && b.places[i].ID == c.PlaceID {
		c.Place = b.places[i]
	}
	move, turn := b.moves[c.MoveID], b.turns[c.TurningID]
	c.Revision = move.Revision
	c.Retracted = move.Retracted || (c.MoveID != 0 && move.ID == 0) || (c.TurningID != 0 && turn.ID == 0)
	// An edited or sparked move was stored long before it was owed again.
	if c.StoredAt = c.CreatedAt; c.MoveID != 0 && move.Revision == 1 {
		c.StoredAt = move.StoredAt.Time
	}
	if c.Kind != store.DeliveryAlert && c.Kind != store.DeliveryTrend {
		return
	}
	for _, mute := range b.mutes[c.PlaceID] {
		if mute.ProjectID != 0 && mute.ProjectID != move.ProjectID && mute.ProjectID != turn.ProjectID {
			continue
		}
		c.MuteDrops = c.MuteDrops || !mute.CatchUp
		if mute.Until.After(c.MutedUntil) {
			c.MutedUntil = mute.Until.Time
		}
	}
}

// firstOf gives the first of the times that is set.
func firstOf(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}
