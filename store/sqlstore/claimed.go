package sqlstore

import (
	"context"
	"fmt"
	"slices"
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
	places map[int64]store.Place
	moves  map[int64]subject
	turns  map[int64]subject
	mutes  map[int64][]muteRow // by place
	shown  map[int64]int64     // by delivery
}

func (s *Store) beside(ctx context.Context, tx *sqlx.Tx, leased []candidate, shown []revisionRow, now time.Time) (b beside, err error) {
	var places, moves, turns []int64
	seen := map[[2]int64]bool{}
	for _, c := range leased {
		places = append(places, c.PlaceID)
		if about := [2]int64{c.MoveID, c.TurningID}; !seen[about] {
			seen[about] = true
			moves, turns = append(moves, about[0]), append(turns, about[1])
		}
	}
	b.shown = make(map[int64]int64, len(shown))
	for _, row := range shown {
		b.shown[row.ID] = row.Revision
	}
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

func (s *Store) addressed(ctx context.Context, tx *sqlx.Tx, ids []int64) (map[int64]store.Place, error) {
	var rows []placeRow
	where, args := some(ids, 1)
	if err := tx.SelectContext(ctx, &rows, s.dialect.sql(placesWhere+where), args...); err != nil {
		return nil, err
	}
	places := make(map[int64]store.Place, len(rows))
	for _, row := range rows {
		places[row.ID] = row.place()
	}
	return places, nil
}

func (s *Store) subjects(ctx context.Context, tx *sqlx.Tx, query string, ids []int64) (map[int64]subject, error) {
	if len(ids) == 1 && ids[0] == 0 {
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

// claims gives the deliveries just leased, in their order.
func (s *Store) claims(ctx context.Context, tx *sqlx.Tx, leased []candidate, shown []revisionRow, r store.ClaimRequest) ([]store.Claimed, error) {
	b, err := s.beside(ctx, tx, leased, shown, r.Now)
	if err != nil {
		return nil, err
	}
	var accompanied []int64
	claimed := make([]store.Claimed, len(leased))
	for i, c := range leased {
		claimed[i] = b.claimed(c, s.dialect.kept(r.Now), s.dialect.kept(r.Now.Add(r.Lease)))
		if c.More {
			accompanied = append(accompanied, c.ID)
		}
	}
	if err := s.aim(ctx, tx, claimed); err != nil {
		return nil, err
	}
	return claimed, s.accompany(ctx, tx, claimed, accompanied, r)
}

// claimed is a candidate as the lease has made it.
func (b beside) claimed(c candidate, now, until time.Time) store.Claimed {
	d := c.delivery()
	d.DueAt, d.LeaseUntil, d.State = time.Time{}, until, store.StateSending
	d.Fence++
	if c.again() {
		d.Attempt++
		d.UnsureAt = firstOf(d.UnsureAt, d.BegunAt, d.CreatedAt)
	}
	d.BegunAt, d.Shown = now, b.shown[c.ID]
	claimed := store.Claimed{Delivery: d, Place: b.places[c.PlaceID], StoredAt: d.CreatedAt, Again: c.again()}
	move, turn := b.moves[c.MoveID], b.turns[c.TurningID]
	claimed.Revision = move.Revision
	claimed.Retracted = move.Retracted || (c.MoveID != 0 && move.ID == 0) || (c.TurningID != 0 && turn.ID == 0)
	// An edited or sparked move was stored long before it was owed again.
	if c.MoveID != 0 && move.Revision == 1 {
		claimed.StoredAt = move.StoredAt.Time
	}
	if d.Kind != store.DeliveryAlert && d.Kind != store.DeliveryTrend {
		return claimed
	}
	for _, mute := range b.mutes[c.PlaceID] {
		if mute.ProjectID != 0 && mute.ProjectID != move.ProjectID && mute.ProjectID != turn.ProjectID {
			continue
		}
		claimed.MuteDrops = claimed.MuteDrops || !mute.CatchUp
		if mute.Until.After(claimed.MutedUntil) {
			claimed.MutedUntil = mute.Until.Time
		}
	}
	return claimed
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
