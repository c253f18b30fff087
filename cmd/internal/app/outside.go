package app

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// outsider is another program: it knows the open tables and nothing of the bot,
// and writes with plain SQL over a connection of its own.
type outsider struct{ db *sql.DB }

// newOutsider opens the demo's database, which is SQLite.
func newOutsider(url string) (*outsider, error) {
	db, err := sql.Open("sqlite", strings.TrimPrefix(url, "sqlite:")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		return nil, fmt.Errorf("open the database as another program: %w", err)
	}
	db.SetMaxOpenConns(1)
	return &outsider{db}, nil
}

func (o *outsider) close() { _ = o.db.Close() }

// written is a move as the outsider writes and reads it.
type written struct {
	ID        int64  `json:"id"`
	Project   string `json:"project"` // its slug when written, its name when read
	Title     string `json:"title"`
	Summary   string `json:"summary"`
	Spark     bool   `json:"spark"`
	At        int64  `json:"at"` // milliseconds since 1970
	Revision  int64  `json:"revision"`
	Retracted bool   `json:"retracted"`
	source    string
}

// store writes a new move that happens at a time. Its source is an address of
// the project's own, made unique, unless it has one.
func (o *outsider) store(ctx context.Context, w written, at time.Time) error {
	if w.source == "" {
		w.source = fmt.Sprintf("#demo-%d", at.UnixNano())
	}
	result, err := o.db.ExecContext(ctx, `INSERT INTO moves (project_id, title, summary, source_url, spark, occurred_at)
		SELECT id, $1, $2, CASE WHEN $3 LIKE 'http%' THEN $3 WHEN url = '' THEN 'https://example.org/' || slug || $3 ELSE url || $3 END, $4, $5
		FROM projects WHERE slug = $6`, w.Title, w.Summary, w.source, w.Spark, at.UTC().Format(time.RFC3339Nano), w.Project)
	return touched(result, err, "there is no project "+w.Project)
}

// edit changes a move that is stored.
func (o *outsider) edit(ctx context.Context, w written) error {
	result, err := o.db.ExecContext(ctx, `UPDATE moves SET title = $1, summary = $2, spark = $3 WHERE id = $4`, w.Title, w.Summary, w.Spark, w.ID)
	return touched(result, err, "there is no such move")
}

// retract takes a move back.
func (o *outsider) retract(ctx context.Context, id int64, at time.Time) error {
	result, err := o.db.ExecContext(ctx, `UPDATE moves SET retracted_at = $1 WHERE id = $2 AND retracted_at IS NULL`, at.UTC().Format(time.RFC3339Nano), id)
	return touched(result, err, "there is no such move, or it was taken back already")
}

// touched turns a statement that met no row into an error.
func touched(result sql.Result, err error, otherwise string) error {
	if err != nil {
		return fmt.Errorf("write as another program: %w", err)
	}
	if n, err := result.RowsAffected(); err == nil && n == 0 {
		return errors.New(otherwise)
	}
	return nil
}

// latest gives the moves written last, newest first.
func (o *outsider) latest(ctx context.Context, limit int) ([]written, error) {
	rows, err := o.db.QueryContext(ctx, `SELECT m.id, p.name, m.title, m.summary, m.spark, m.revision, m.retracted_at IS NOT NULL,
		CAST(round((julianday(m.occurred_at) - 2440587.5) * 86400000) AS INTEGER)
		FROM moves m JOIN projects p ON p.id = m.project_id ORDER BY m.id DESC LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("read the moves as another program: %w", err)
	}
	defer func() { _ = rows.Close() }()
	all := []written{}
	for rows.Next() {
		var w written
		if err := rows.Scan(&w.ID, &w.Project, &w.Title, &w.Summary, &w.Spark, &w.Revision, &w.Retracted, &w.At); err != nil {
			return nil, fmt.Errorf("read a move as another program: %w", err)
		}
		all = append(all, w)
	}
	return all, rows.Err()
}
