package sqlstore

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"sparkbot/store"
)

// ofSlug is the id of the project with a slug.
const ofSlug = "(SELECT x.id FROM projects x WHERE x.slug = $1)"

// Dossier gives a project with its moves, newest first and without the retracted ones,
// and its snapshots from a day on, in order. It gives store.ErrNotFound when no project
// has the slug. On PostgreSQL all is asked for at once, since a member waits for the way
// there and back more than for the answer; on SQLite the answers are there sooner than
// another goroutine.
func (s *Store) Dossier(ctx context.Context, slug string, from time.Time) (d store.Dossier, err error) {
	project := func() (err error) {
		d.Project, err = s.ProjectBySlug(ctx, slug)
		return err
	}
	moves := func() (err error) {
		d.Moves, err = s.moves(ctx, ofSlug, slug, 0)
		return err
	}
	snapshots := func() error {
		all, err := s.dialect.snapshotsWhere(ctx, s.facts, "project_id = "+ofSlug+" AND day >= $2", slug, dayNumber(from))
		for _, one := range all { // there are those of one project
			d.Snapshots = one
		}
		return err
	}
	if s.dialect.name == onSQLite.name {
		for _, read := range []func() error{project, moves, snapshots} {
			if err := read(); err != nil {
				return store.Dossier{}, err
			}
		}
		return d, nil
	}
	var beside errgroup.Group
	beside.Go(moves)
	beside.Go(snapshots)
	err = project()
	if others := beside.Wait(); err == nil {
		err = others
	}
	if err != nil {
		return store.Dossier{}, err
	}
	return d, nil
}
