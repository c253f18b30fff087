package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/jmoiron/sqlx"

	"sparkbot/store"
)

// snapshotChunk is how many snapshots are written in one statement.
const snapshotChunk = 5000

// dayNumber counts UTC days since 1970.
func dayNumber(t time.Time) int64 { return int64(math.Floor(float64(t.Unix()) / 86400)) }

func dayAt(n int64) time.Time { return time.Unix(n*86400, 0).UTC() }

// KeepSnapshots writes those snapshots that nobody has written yet, and gives
// their number: whoever writes first is right. Those of projects that are not
// there any more are left out.
func (s *Store) KeepSnapshots(ctx context.Context, all []store.Snapshot) (added int, err error) {
	type document struct {
		Project int64   `json:"p"`
		Day     int64   `json:"d"`
		Score   float64 `json:"s"`
		Filled  bool    `json:"f"`
	}
	query := `INSERT INTO snapshots (project_id, day, score, filled)
		SELECT x.p, x.d, x.s, x.f FROM jsonb_to_recordset(CAST($1 AS jsonb)) AS x(p bigint, d integer, s double precision, f boolean)
		WHERE EXISTS (SELECT 1 FROM projects WHERE id = x.p) ON CONFLICT DO NOTHING`
	if s.dialect.name == onSQLite.name {
		query = `INSERT INTO snapshots (project_id, day, score, filled)
			SELECT value ->> 'p', value ->> 'd', value ->> 's', value ->> 'f' FROM json_each($1)
			WHERE EXISTS (SELECT 1 FROM projects WHERE id = value ->> 'p') ON CONFLICT DO NOTHING`
	}
	for len(all) > 0 {
		n := min(len(all), snapshotChunk)
		documents := make([]document, n)
		for i, one := range all[:n] {
			documents[i] = document{one.ProjectID, dayNumber(one.Day), one.Score, one.Filled}
		}
		text, err := json.Marshal(documents)
		if err != nil {
			return added, fmt.Errorf("write %d snapshots: %w", n, err)
		}
		result, err := s.write.ExecContext(ctx, query, string(text))
		if err != nil {
			return added, fmt.Errorf("write %d snapshots: %w", n, explain(err))
		}
		written, err := result.RowsAffected()
		if err != nil {
			return added, fmt.Errorf("write %d snapshots: %w", n, err)
		}
		added += int(written)
		all = all[n:]
	}
	return added, nil
}

// Snapshots gives the snapshots from a day on, of the projects or, when none is
// named, of all, by project and in order.
func (s *Store) Snapshots(ctx context.Context, from time.Time, projectIDs ...int64) (map[int64][]store.Snapshot, error) {
	return s.dialect.snapshots(ctx, s.facts, from, projectIDs)
}

func (d dialect) snapshots(ctx context.Context, q sqlx.QueryerContext, from time.Time, projectIDs []int64) (map[int64][]store.Snapshot, error) {
	switch len(projectIDs) {
	case 0:
		return d.snapshotsWhere(ctx, q, "day >= $1", dayNumber(from))
	case 1:
		return d.snapshotsWhere(ctx, q, "day >= $1 AND project_id = $2", dayNumber(from), projectIDs[0])
	default:
		return d.snapshotsWhere(ctx, q, "day >= $1 AND project_id IN (SELECT CAST(value AS bigint) FROM {elements $2} e)", dayNumber(from), array(projectIDs))
	}
}

// snapshotsWhere gives those that a condition is true of, by project and in order.
func (d dialect) snapshotsWhere(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) (map[int64][]store.Snapshot, error) {
	var rows []struct {
		ProjectID int64   `db:"project_id"`
		Day       int64   `db:"day"`
		Score     float64 `db:"score"`
		Filled    bool    `db:"filled"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, d.sql("SELECT project_id, day, score, filled FROM snapshots WHERE "+where+" ORDER BY project_id, day"), args...); err != nil {
		return nil, fmt.Errorf("read the snapshots: %w", err)
	}
	all := map[int64][]store.Snapshot{}
	for _, r := range rows {
		all[r.ProjectID] = append(all[r.ProjectID], store.Snapshot{ProjectID: r.ProjectID, Day: dayAt(r.Day), Score: r.Score, Filled: r.Filled})
	}
	return all, nil
}

// LastSnapshots gives the day of the last snapshot of every project that has one.
func (s *Store) LastSnapshots(ctx context.Context) (map[int64]time.Time, error) {
	var rows []struct {
		ProjectID int64 `db:"project_id"`
		Day       int64 `db:"day"`
	}
	if err := s.read.SelectContext(ctx, &rows, "SELECT project_id, max(day) AS day FROM snapshots GROUP BY project_id"); err != nil {
		return nil, fmt.Errorf("read the last snapshots: %w", err)
	}
	last := make(map[int64]time.Time, len(rows))
	for _, r := range rows {
		last[r.ProjectID] = dayAt(r.Day)
	}
	return last, nil
}

// DropSnapshots forgets the snapshots from before a day.
func (s *Store) DropSnapshots(ctx context.Context, before time.Time) error {
	if _, err := s.write.ExecContext(ctx, "DELETE FROM snapshots WHERE day < $1", dayNumber(before)); err != nil {
		return fmt.Errorf("drop old snapshots: %w", err)
	}
	return nil
}
