package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"sparkbot/store"
)

type moveRow struct {
	ID          int64   `db:"id"`
	ProjectID   int64   `db:"project_id"`
	Key         *string `db:"key"`
	Title       string  `db:"title"`
	Summary     string  `db:"summary"`
	SourceURL   string  `db:"source_url"`
	Spark       bool    `db:"spark"`
	OccurredAt  moment  `db:"occurred_at"`
	StoredAt    moment  `db:"stored_at"`
	Revision    int64   `db:"revision"`
	RetractedAt moment  `db:"retracted_at"`
}

func (r moveRow) move() store.Move {
	m := store.Move{
		ID: r.ID, ProjectID: r.ProjectID, Title: r.Title, Summary: r.Summary, SourceURL: r.SourceURL, Spark: r.Spark,
		OccurredAt: r.OccurredAt.Time, StoredAt: r.StoredAt.Time, Revision: r.Revision, RetractedAt: r.RetractedAt.Time,
	}
	if r.Key != nil {
		m.Key = *r.Key
	}
	return m
}

// moveColumns are those of a whole move m.
const moveColumns = `m.id, m.project_id, m.key, m.title, m.summary, m.source_url, m.spark, {open m.occurred_at} AS occurred_at,
	{open m.stored_at} AS stored_at, m.revision, {open m.retracted_at} AS retracted_at`

// newestFirst orders moves by time; SQLite's texts may be in several forms.
func (d dialect) newestFirst() string {
	if d.name == onSQLite.name {
		return "ORDER BY datetime(m.occurred_at) DESC, m.id DESC"
	}
	return "ORDER BY m.occurred_at DESC, m.id DESC"
}

// Move gives store.ErrNotFound when no move has the id.
func (s *Store) Move(ctx context.Context, id int64) (store.Move, error) {
	var row moveRow
	err := s.read.GetContext(ctx, &row, s.dialect.sql("SELECT "+moveColumns+" FROM moves m WHERE m.id = $1"), id)
	if errors.Is(err, sql.ErrNoRows) {
		return store.Move{}, fmt.Errorf("move %d: %w", id, store.ErrNotFound)
	}
	if err != nil {
		return store.Move{}, fmt.Errorf("read move %d: %w", id, err)
	}
	return row.move(), nil
}

// Moves gives a project's moves, newest first, without the retracted ones; all
// of them when limit is 0.
func (s *Store) Moves(ctx context.Context, projectID int64, limit int) ([]store.Move, error) {
	return s.moves(ctx, "$1", projectID, limit)
}

// moves gives those of the project that id, a piece of SQL, makes of key.
func (s *Store) moves(ctx context.Context, id string, key any, limit int) ([]store.Move, error) {
	query := s.dialect.sql("SELECT "+moveColumns+" FROM moves m WHERE m.project_id = "+id+" AND m.retracted_at IS NULL ") + s.dialect.newestFirst()
	args := []any{key}
	if limit > 0 {
		query += " LIMIT $2"
		args = append(args, limit)
	}
	var rows []moveRow
	if err := s.facts.SelectContext(ctx, &rows, query, args...); err != nil {
		return nil, fmt.Errorf("read the moves of project %v: %w", key, err)
	}
	moves := make([]store.Move, len(rows))
	for i, r := range rows {
		moves[i] = r.move()
	}
	return moves, nil
}

// Pulse gives the moves of the projects, of all projects when none is named,
// without their words: enough to score them. Retracted ones are left out.
func (s *Store) Pulse(ctx context.Context, projectIDs ...int64) (map[int64][]store.Move, error) {
	return s.dialect.pulse(ctx, s.facts, projectIDs)
}

func (d dialect) pulse(ctx context.Context, q sqlx.QueryerContext, projectIDs []int64) (map[int64][]store.Move, error) {
	query := `SELECT m.id, m.project_id, m.source_url, m.spark, {open m.occurred_at} AS occurred_at, m.revision
		FROM moves m WHERE m.retracted_at IS NULL`
	var args []any
	if len(projectIDs) > 0 {
		query += " AND m.project_id IN (SELECT CAST(value AS bigint) FROM {elements $1} e)"
		args = append(args, array(projectIDs))
	}
	var rows []moveRow
	if err := sqlx.SelectContext(ctx, q, &rows, d.sql(query), args...); err != nil {
		return nil, fmt.Errorf("read the pulse of %d projects: %w", len(projectIDs), err)
	}
	pulse := map[int64][]store.Move{}
	for _, r := range rows {
		pulse[r.ProjectID] = append(pulse[r.ProjectID], r.move())
	}
	return pulse, nil
}
