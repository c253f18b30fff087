package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"sparkbot/store"
)

// ProjectsPage gives a page of projects, by slug.
func (s *Store) ProjectsPage(ctx context.Context, q store.ProjectQuery) ([]store.Project, error) {
	return s.dialect.page(ctx, s.read, q)
}

// RecentMoves gives the newest moves of each project, newest first, without the
// retracted ones. A project without moves is left out.
func (s *Store) RecentMoves(ctx context.Context, limit int, projectIDs ...int64) (map[int64][]store.Move, error) {
	return s.dialect.recent(ctx, s.facts, limit, projectIDs)
}

func (d dialect) page(ctx context.Context, from sqlx.QueryerContext, q store.ProjectQuery) ([]store.Project, error) {
	slug := `p.slug COLLATE "C"`
	if d.name == onSQLite.name {
		slug = "p.slug"
	}
	where := `WHERE ` + slug + ` > $1 AND ($2 = '' OR lower(p.category) = lower($2))
		AND ($3 = '' OR EXISTS (SELECT 1 FROM project_tags t WHERE t.project_id = p.id AND lower(t.tag) = lower($3)))
		AND (($4 = '[]' AND $5 = '[]') OR p.slug IN (SELECT value FROM {elements $4} a)
			OR lower(p.category) IN (SELECT lower(value) FROM {elements $5} b))
		ORDER BY ` + slug + ` LIMIT $6`
	var rows []projectRow
	err := sqlx.SelectContext(ctx, from, &rows, d.selectProjects(d.sql(where)), q.After, q.Category, q.Tag, array(q.Slugs), array(q.Categories), q.Limit)
	if err != nil {
		return nil, fmt.Errorf("read a page of projects: %w", err)
	}
	projects := make([]store.Project, len(rows))
	for i, r := range rows {
		projects[i] = r.project()
	}
	return projects, nil
}

func (d dialect) recent(ctx context.Context, from sqlx.QueryerContext, limit int, projectIDs []int64) (map[int64][]store.Move, error) {
	query := d.sql(`SELECT `+moveColumns+` FROM (SELECT m.id, row_number() OVER (PARTITION BY m.project_id `+d.newestFirst()+`) AS place
			FROM moves m WHERE m.retracted_at IS NULL AND m.project_id IN (SELECT CAST(value AS bigint) FROM {elements $1} e)) r
		JOIN moves m ON m.id = r.id WHERE r.place <= $2 `) + d.newestFirst()
	var rows []moveRow
	if err := sqlx.SelectContext(ctx, from, &rows, query, array(projectIDs), limit); err != nil {
		return nil, fmt.Errorf("read the recent moves of %d projects: %w", len(projectIDs), err)
	}
	moves := map[int64][]store.Move{}
	for _, r := range rows {
		moves[r.ProjectID] = append(moves[r.ProjectID], r.move())
	}
	return moves, nil
}

// ProjectBySlug gives store.ErrNotFound when no project has the slug. On PostgreSQL
// it holds the project until the transaction ends; SQLite has one writer anyway.
func (i *Import) ProjectBySlug(ctx context.Context, slug string) (store.Project, error) {
	where := "WHERE p.slug = $1"
	if i.dialect.name == onPostgres.name {
		where += " FOR NO KEY UPDATE" // writers of moves need not wait
	}
	return i.dialect.project(ctx, i.tx, where, slug)
}

// ProjectsPage is Store.ProjectsPage inside the transaction.
func (i *Import) ProjectsPage(ctx context.Context, q store.ProjectQuery) ([]store.Project, error) {
	return i.dialect.page(ctx, i.tx, q)
}

// RecentMoves is Store.RecentMoves inside the transaction.
func (i *Import) RecentMoves(ctx context.Context, limit int, projectIDs ...int64) (map[int64][]store.Move, error) {
	return i.dialect.recent(ctx, i.tx, limit, projectIDs)
}

// Pulse is Store.Pulse inside the transaction.
func (i *Import) Pulse(ctx context.Context, projectIDs ...int64) (map[int64][]store.Move, error) {
	return i.dialect.pulse(ctx, i.tx, projectIDs)
}

// Snapshots is Store.Snapshots inside the transaction.
func (i *Import) Snapshots(ctx context.Context, from time.Time, projectIDs ...int64) (map[int64][]store.Snapshot, error) {
	return i.dialect.snapshots(ctx, i.tx, from, projectIDs)
}
