package sqlstore

import (
	"context"
	"database/sql"
	"fmt"

	"sparkbot/store"
)

// Backlog counts the open deliveries.
func (s *Store) Backlog(ctx context.Context) ([]store.Backlog, error) {
	var rows []struct {
		Platform string `db:"platform"`
		State    string `db:"state"`
		Count    int    `db:"count"`
		Oldest   moment `db:"oldest"`
		Due      moment `db:"due"`
	}
	err := s.read.SelectContext(ctx, &rows, `SELECT d.platform, d.state, count(*) AS count, min(d.created_at) AS oldest,
		min(CASE WHEN NOT d.parked THEN d.wake_at END) AS due FROM deliveries d WHERE d.`+open+` GROUP BY d.platform, d.state ORDER BY d.platform, d.state`)
	if err != nil {
		return nil, fmt.Errorf("count the open deliveries: %w", err)
	}
	backlog := make([]store.Backlog, len(rows))
	for i, r := range rows {
		backlog[i] = store.Backlog{Platform: store.Platform(r.Platform), State: store.State(r.State), Count: r.Count, Oldest: r.Oldest.Time, Due: r.Due.Time}
	}
	return backlog, nil
}

// Outbox counts the changes that fan-out has not finished.
func (s *Store) Outbox(ctx context.Context) (store.Outbox, error) {
	var row struct {
		Count  int    `db:"count"`
		Oldest moment `db:"oldest"`
	}
	if err := s.read.GetContext(ctx, &row, "SELECT count(*) AS count, min(c.at) AS oldest FROM move_changes c"); err != nil {
		return store.Outbox{}, fmt.Errorf("count the changes: %w", err)
	}
	return store.Outbox{Count: row.Count, Oldest: row.Oldest.Time}, nil
}

// Pools gives the pools of connections by name, so that they can be measured.
func (s *Store) Pools() map[string]*sql.DB {
	if s.read == s.write {
		return map[string]*sql.DB{"all": s.write.DB.DB}
	}
	return map[string]*sql.DB{"write": s.write.DB.DB, "read": s.read.DB.DB}
}
