package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"sparkbot/store"
)

type projectRow struct {
	ID           int64    `db:"id"`
	Slug         string   `db:"slug"`
	Name         string   `db:"name"`
	Category     string   `db:"category"`
	Tagline      string   `db:"tagline"`
	Headline     string   `db:"headline"`
	CurrentState string   `db:"current_state"`
	Heading      string   `db:"heading"`
	Prediction   string   `db:"prediction"`
	URL          string   `db:"url"`
	IconURL      string   `db:"icon_url"`
	Velocity     *float64 `db:"velocity"`
	CreatedAt    moment   `db:"created_at"`
	UpdatedAt    moment   `db:"updated_at"`
	Tags         list     `db:"tags"`
}

func (r projectRow) project() store.Project {
	return store.Project{
		ID: r.ID, Slug: r.Slug, Name: r.Name, Category: r.Category, Tagline: r.Tagline, Headline: r.Headline,
		Tags: r.Tags, CurrentState: r.CurrentState, Heading: r.Heading, Prediction: r.Prediction, URL: r.URL,
		IconURL: r.IconURL, Curated: r.Velocity, CreatedAt: r.CreatedAt.Time, UpdatedAt: r.UpdatedAt.Time,
	}
}

// selectProjects reads whole projects, with their tags sorted.
func (d dialect) selectProjects(where string) string {
	tags := `(SELECT jsonb_agg(tag ORDER BY tag COLLATE "C") FROM project_tags t WHERE t.project_id = p.id)`
	if d.name == onSQLite.name {
		tags = `(SELECT json_group_array(tag ORDER BY tag) FROM project_tags t WHERE t.project_id = p.id)`
	}
	return d.sql(`SELECT p.id, p.slug, p.name, p.category, p.tagline, p.headline, p.current_state, p.heading, p.prediction,
		p.url, p.icon_url, p.velocity, {open p.created_at} AS created_at, {open p.updated_at} AS updated_at, ` + tags + ` AS tags
		FROM projects p ` + where)
}

// Projects gives every project, by slug.
func (s *Store) Projects(ctx context.Context) ([]store.Project, error) {
	order := `ORDER BY p.slug COLLATE "C"`
	if s.dialect.name == onSQLite.name {
		order = "ORDER BY p.slug"
	}
	var rows []projectRow
	if err := s.facts.SelectContext(ctx, &rows, s.dialect.selectProjects(order)); err != nil {
		return nil, fmt.Errorf("read the projects: %w", err)
	}
	projects := make([]store.Project, len(rows))
	for i, r := range rows {
		projects[i] = r.project()
	}
	return projects, nil
}

// ProjectBySlug gives store.ErrNotFound when no project has the slug.
func (s *Store) ProjectBySlug(ctx context.Context, slug string) (store.Project, error) {
	return s.dialect.project(ctx, s.facts, "WHERE p.slug = $1", slug)
}

// Project gives store.ErrNotFound when no project has the id.
func (s *Store) Project(ctx context.Context, id int64) (store.Project, error) {
	return s.dialect.project(ctx, s.facts, "WHERE p.id = $1", id)
}

func (d dialect) project(ctx context.Context, q sqlx.QueryerContext, where string, arg any) (store.Project, error) {
	var row projectRow
	err := sqlx.GetContext(ctx, q, &row, d.selectProjects(where), arg)
	if errors.Is(err, sql.ErrNoRows) {
		return store.Project{}, fmt.Errorf("project %v: %w", arg, store.ErrNotFound)
	}
	if err != nil {
		return store.Project{}, fmt.Errorf("read project %v: %w", arg, err)
	}
	return row.project(), nil
}
