package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"sparkbot/store"
)

// Momenta gives where the momentum of every project stands, of those of which
// anything is kept.
func (s *Store) Momenta(ctx context.Context) (map[int64]store.Momentum, error) {
	var rows []struct {
		ProjectID int64  `db:"project_id"`
		Version   int64  `db:"version"`
		Surging   bool   `db:"surging"`
		Quiet     bool   `db:"quiet"`
		SurgedAt  moment `db:"surged_at"`
		WokeAt    moment `db:"woke_at"`
		QuietAt   moment `db:"quieted_at"`
	}
	if err := s.read.SelectContext(ctx, &rows, "SELECT project_id, version, surging, quiet, surged_at, woke_at, quieted_at FROM momentum"); err != nil {
		return nil, fmt.Errorf("read the momenta: %w", err)
	}
	all := make(map[int64]store.Momentum, len(rows))
	for _, r := range rows {
		all[r.ProjectID] = store.Momentum{
			ProjectID: r.ProjectID, Version: r.Version, Surging: r.Surging, Quiet: r.Quiet,
			SurgedAt: r.SurgedAt.Time, WokeAt: r.WokeAt.Time, QuietAt: r.QuietAt.Time,
		}
	}
	return all, nil
}

// KeepMomenta stores momenta in one transaction, each unless somebody stored
// another since it was read, and with each the turning it took, if any (those
// whose Turn is empty are none). A project that is gone is left out.
func (s *Store) KeepMomenta(ctx context.Context, all []store.Momentum, turnings []store.Turning) error {
	taken := make(map[int64]store.Turning, len(turnings))
	for _, t := range turnings {
		taken[t.ProjectID] = t
	}
	err := s.within(ctx, func(tx *sqlx.Tx) error {
		for _, m := range all {
			kept, err := s.keepMomentum(ctx, tx, m)
			if err != nil {
				return err
			}
			if t := taken[m.ProjectID]; kept && t.Turn != "" {
				if err := s.keepTurning(ctx, tx, t); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store %d momenta: %w", len(all), explain(err))
	}
	return nil
}

func (s *Store) keepMomentum(ctx context.Context, tx *sqlx.Tx, m store.Momentum) (kept bool, err error) {
	query := `UPDATE momentum SET version = version + 1, surging = $3, quiet = $4, surged_at = $5, woke_at = $6, quieted_at = $7
		WHERE project_id = $1 AND version = $2`
	if m.Version == 0 {
		query = `INSERT INTO momentum (project_id, version, surging, quiet, surged_at, woke_at, quieted_at)
			SELECT p.id, CAST($2 AS bigint) + 1, $3, $4, $5, $6, $7 FROM projects p WHERE p.id = $1 ON CONFLICT DO NOTHING`
	}
	if s.dialect.name == onPostgres.name && m.Version == 0 {
		query = `INSERT INTO momentum (project_id, version, surging, quiet, surged_at, woke_at, quieted_at)
			SELECT p.id, CAST($2 AS bigint) + 1, CAST($3 AS boolean), CAST($4 AS boolean), CAST($5 AS timestamptz), CAST($6 AS timestamptz), CAST($7 AS timestamptz)
			FROM projects p WHERE p.id = $1 ON CONFLICT DO NOTHING`
	}
	result, err := tx.ExecContext(ctx, query, m.ProjectID, m.Version, m.Surging, m.Quiet,
		s.dialect.stamp(m.SurgedAt), s.dialect.stamp(m.WokeAt), s.dialect.stamp(m.QuietAt))
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

func (s *Store) keepTurning(ctx context.Context, tx *sqlx.Tx, t store.Turning) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO turnings (project_id, turn, day, at, silent, move_id) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (project_id, turn, day) DO NOTHING`, t.ProjectID, string(t.Turn), dayNumber(t.At), s.dialect.stamp(t.At), t.Silent, t.MoveID)
	return err
}

type turningRow struct {
	ID        int64  `db:"id"`
	ProjectID int64  `db:"project_id"`
	Turn      string `db:"turn"`
	At        moment `db:"at"`
	Silent    int    `db:"silent"`
	MoveID    int64  `db:"move_id"`
}

func (r turningRow) turning() store.Turning {
	return store.Turning{ID: r.ID, ProjectID: r.ProjectID, Turn: store.Turn(r.Turn), At: r.At.Time, Silent: r.Silent, MoveID: r.MoveID}
}

const turningColumns = "t.id, t.project_id, t.turn, t.at, t.silent, t.move_id"

// Turnings gives the oldest turnings that not everybody was told of yet.
func (s *Store) Turnings(ctx context.Context, limit int) ([]store.Turning, error) {
	var rows []turningRow
	err := s.read.SelectContext(ctx, &rows, "SELECT "+turningColumns+" FROM turnings t JOIN projects p ON p.id = t.project_id WHERE NOT t.told ORDER BY t.id LIMIT $1", limit)
	if err != nil {
		return nil, fmt.Errorf("read the turnings: %w", err)
	}
	all := make([]store.Turning, len(rows))
	for i, r := range rows {
		all[i] = r.turning()
	}
	return all, nil
}

// Turning gives store.ErrNotFound when there is none with the id, as when its
// project was deleted.
func (s *Store) Turning(ctx context.Context, id int64) (store.Turning, error) {
	var row turningRow
	err := s.read.GetContext(ctx, &row, "SELECT "+turningColumns+" FROM turnings t WHERE t.id = $1", id)
	if errors.Is(err, sql.ErrNoRows) {
		return store.Turning{}, fmt.Errorf("turning %d: %w", id, store.ErrNotFound)
	}
	if err != nil {
		return store.Turning{}, fmt.Errorf("read turning %d: %w", id, err)
	}
	return row.turning(), nil
}

// ExpandTurning tells the next chunk of places of a turning, in one transaction
// with the cursor it moves on; done when nobody is left. Errors: store.ErrBusy
// while another process expands it, store.ErrNotFound when it is told already.
func (s *Store) ExpandTurning(ctx context.Context, e store.TurningExpansion) (added int, done bool, err error) {
	who := store.Expansion{Change: store.Change{At: e.Turning.At}, Project: e.Project, Events: store.Trends, Chunk: e.Chunk}
	err = s.within(ctx, func(tx *sqlx.Tx) error {
		cursor, err := s.lockTurning(ctx, tx, e.Turning.ID)
		if err != nil {
			return err
		}
		upTo, places, err := s.nextPlaces(ctx, tx, who, cursor)
		if err != nil {
			return err
		}
		if places > 0 {
			if added, err = s.oweTurning(ctx, tx, e, who, cursor, upTo); err != nil {
				return err
			}
			if err := s.announce(ctx, tx); err != nil { // other processes may deliver, too
				return err
			}
		}
		done = places < e.Chunk
		_, err = tx.ExecContext(ctx, "UPDATE turnings SET cursor_ = $2, told = $3 WHERE id = $1", e.Turning.ID, max(upTo, cursor), done)
		return err
	})
	if err != nil {
		return 0, false, fmt.Errorf("expand turning %d: %w", e.Turning.ID, err)
	}
	return added, done, nil
}

// lockTurning holds the turning for this transaction and gives its cursor.
func (s *Store) lockTurning(ctx context.Context, tx *sqlx.Tx, id int64) (cursor int64, err error) {
	query := "SELECT cursor_ FROM turnings WHERE id = $1 AND NOT told"
	if s.dialect.name == onPostgres.name {
		query += " FOR UPDATE NOWAIT"
	}
	err = tx.GetContext(ctx, &cursor, query, id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, store.ErrNotFound
	}
	if e, ok := errors.AsType[*pq.Error](err); ok && e.Code == lockNotAvailable {
		return 0, store.ErrBusy
	}
	return cursor, err
}

// oweTurning inserts one delivery for each place of the chunk that has none for
// this project, turn and day.
func (s *Store) oweTurning(ctx context.Context, tx *sqlx.Tx, e store.TurningExpansion, who store.Expansion, cursor, upTo int64) (int, error) {
	t := e.Turning
	result, err := tx.ExecContext(ctx, s.dialect.sql(`INSERT INTO deliveries (place_id, platform, kind, key, turning_id, roles, wake_at, give_up_at)
		SELECT s.place_id, min(p.platform), 'trend', $8, CAST($9 AS bigint), '[]', $10, $11 FROM (`+s.hearing(who, "s.*", " AND s.place_id <= $7")+`) s JOIN places p ON p.id = s.place_id
		GROUP BY s.place_id ORDER BY s.place_id ON CONFLICT (place_id, key) DO NOTHING`),
		append(s.matchArgs(who, cursor), upTo, fmt.Sprintf("trend:%d:%s:%s", t.ProjectID, t.Turn, t.At.UTC().Format("2006-01-02")), t.ID,
			s.dialect.stamp(e.Now), s.dialect.stamp(e.GiveUpAt))...)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}
