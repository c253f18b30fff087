package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"sparkbot/store"
)

// Import is one transaction that stores projects and moves, all or nothing.
type Import struct {
	tx      *sqlx.Tx
	dialect dialect
	created []int64 // projects that were not there before
}

// Import runs do in one transaction. The moves of projects that it creates are
// history: their changes are dropped before the commit, so that a first import
// alerts nobody.
func (s *Store) Import(ctx context.Context, do func(tx *Import) error) error {
	err := s.within(ctx, func(tx *sqlx.Tx) error {
		imp := &Import{tx: tx, dialect: s.dialect}
		if err := do(imp); err != nil {
			return err
		}
		return imp.forget(ctx)
	})
	if err == nil {
		s.wake()
	}
	return err
}

// forget drops the changes of projects that are new with this import.
func (i *Import) forget(ctx context.Context) error {
	if len(i.created) == 0 {
		return nil
	}
	_, err := i.tx.ExecContext(ctx, i.dialect.sql(`DELETE FROM move_changes WHERE move_id IN (SELECT m.id FROM moves m
		WHERE m.project_id IN (SELECT CAST(value AS bigint) FROM {elements $1} e))`), array(i.created))
	if err == nil {
		_, err = i.tx.ExecContext(ctx, i.dialect.sql(`UPDATE noticed SET history = true WHERE move_id IN (SELECT m.id FROM moves m
			WHERE m.project_id IN (SELECT CAST(value AS bigint) FROM {elements $1} e))`), array(i.created))
	}
	if err != nil {
		return fmt.Errorf("mark the moves of new projects as history: %w", err)
	}
	return nil
}

// PutProject stores a project under its slug. Errors: store.ErrInvalid when a
// value breaks a rule of the table.
func (i *Import) PutProject(ctx context.Context, p store.Project) (id int64, put store.Put, err error) {
	p.Tags = slices.Compact(slices.Sorted(slices.Values(p.Tags)))
	var row projectRow
	err = i.tx.GetContext(ctx, &row, i.dialect.selectProjects("WHERE p.slug = $1"), p.Slug)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		id, err = i.insertProject(ctx, p)
		put = store.Created
	case err != nil:
		return 0, store.Unchanged, fmt.Errorf("look for project %s: %w", p.Slug, err)
	case sameProject(row.project(), p):
		return row.ID, store.Unchanged, nil
	default:
		id, put = row.ID, store.Updated
		err = i.updateProject(ctx, id, p)
	}
	if err != nil {
		return 0, store.Unchanged, fmt.Errorf("store project %s: %w", p.Slug, explain(err))
	}
	return id, put, nil
}

func sameProject(a, b store.Project) bool {
	sameVelocity := (a.Curated == nil) == (b.Curated == nil) && (a.Curated == nil || *a.Curated == *b.Curated)
	return sameVelocity && slices.Equal(a.Tags, b.Tags) && a.Name == b.Name && a.Category == b.Category &&
		a.Tagline == b.Tagline && a.Headline == b.Headline && a.CurrentState == b.CurrentState && a.Heading == b.Heading &&
		a.Prediction == b.Prediction && a.URL == b.URL && a.IconURL == b.IconURL
}

func (i *Import) insertProject(ctx context.Context, p store.Project) (id int64, err error) {
	err = i.tx.GetContext(ctx, &id, `INSERT INTO projects (slug, name, category, tagline, headline, current_state, heading, prediction, url, icon_url, velocity)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id`,
		p.Slug, p.Name, p.Category, p.Tagline, p.Headline, p.CurrentState, p.Heading, p.Prediction, p.URL, p.IconURL, p.Curated)
	if err != nil {
		return 0, err
	}
	i.created = append(i.created, id)
	return id, i.putTags(ctx, id, p.Tags)
}

func (i *Import) updateProject(ctx context.Context, id int64, p store.Project) error {
	_, err := i.tx.ExecContext(ctx, `UPDATE projects SET name = $2, category = $3, tagline = $4, headline = $5, current_state = $6, heading = $7,
		prediction = $8, url = $9, icon_url = $10, velocity = $11 WHERE id = $1`,
		id, p.Name, p.Category, p.Tagline, p.Headline, p.CurrentState, p.Heading, p.Prediction, p.URL, p.IconURL, p.Curated)
	if err != nil {
		return err
	}
	if _, err := i.tx.ExecContext(ctx, "DELETE FROM project_tags WHERE project_id = $1", id); err != nil {
		return err
	}
	return i.putTags(ctx, id, p.Tags)
}

func (i *Import) putTags(ctx context.Context, id int64, tags []string) error {
	_, err := i.tx.ExecContext(ctx, i.dialect.sql("INSERT INTO project_tags (project_id, tag) SELECT CAST($1 AS bigint), value FROM {elements $2} e"), id, array(tags))
	return err
}
