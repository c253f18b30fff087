package sqlstore

import (
	"context"
	"fmt"
	"slices"

	"sparkbot/store"
)

// Log gives what is or was owed to a place, and the moves that were stored and not
// owed to it, the newest first. Edits of messages are left out.
func (s *Store) Log(ctx context.Context, q store.LogQuery) ([]store.LogEntry, error) {
	owed, err := s.logOwed(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("read what is owed to place %d: %w", q.PlaceID, err)
	}
	unheard, err := s.logUnheard(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("read what place %d did not hear: %w", q.PlaceID, err)
	}
	all := append(owed, unheard...)
	projects := map[int64]store.Project{}
	for i := range all {
		id := all[i].Move.ProjectID
		if id == 0 {
			continue
		}
		if _, known := projects[id]; !known {
			if projects[id], err = s.Project(ctx, id); err != nil {
				return nil, err
			}
		}
		all[i].Project = projects[id]
	}
	slices.SortStableFunc(all, func(a, b store.LogEntry) int { return b.At().Compare(a.At()) })
	return all, nil
}

// logMove are the columns of move m, all of which may be missing.
const logMove = `coalesce(m.id, 0) AS "move.id", coalesce(m.project_id, 0) AS "move.project_id", m.key AS "move.key", coalesce(m.title, '') AS "move.title",
	'' AS "move.summary", coalesce(m.source_url, '') AS "move.source_url", (m.spark IS NOT NULL AND m.spark) AS "move.spark", {open m.occurred_at} AS "move.occurred_at",
	{open m.stored_at} AS "move.stored_at", coalesce(m.revision, 0) AS "move.revision", {open m.retracted_at} AS "move.retracted_at"`

func (s *Store) logOwed(ctx context.Context, q store.LogQuery) ([]store.LogEntry, error) {
	var rows []struct {
		deliveryRow
		Move moveRow `db:"move"`
	}
	err := s.read.SelectContext(ctx, &rows, s.dialect.sql("SELECT "+deliveryColumns+", "+logMove+` FROM deliveries d LEFT JOIN moves m ON m.id = d.move_id
		WHERE d.place_id = $1 AND d.created_at >= $2 AND d.kind <> 'edit' AND (CAST($3 AS bigint) = 0 OR m.project_id = $3) ORDER BY d.id + 0 DESC LIMIT $4`),
		q.PlaceID, s.dialect.stamp(q.Since), q.ProjectID, q.Limit)
	entries := make([]store.LogEntry, len(rows))
	for i, r := range rows {
		entries[i] = store.LogEntry{Delivery: r.delivery(), Move: r.Move.move()}
	}
	return entries, err
}

func (s *Store) logUnheard(ctx context.Context, q store.LogQuery) ([]store.LogEntry, error) {
	since := "m.stored_at >= $2"
	if s.dialect.name == onSQLite.name { // its texts may be in several forms
		since = "{open m.stored_at} >= $2"
	}
	var rows []struct {
		moveRow
		Pending bool `db:"pending"`
		History bool `db:"history"`
		Known   bool `db:"known"`
	}
	err := s.read.SelectContext(ctx, &rows, s.dialect.sql("SELECT "+moveColumns+`,
		EXISTS (SELECT 1 FROM move_changes c WHERE c.move_id = m.id AND c.kind IN ('stored', 'sparked')) AS pending,
		EXISTS (SELECT 1 FROM noticed n WHERE n.move_id = m.id AND n.history) AS history,
		EXISTS (SELECT 1 FROM delivery_keys k WHERE k.place_id = $1 AND k.key = 'move:' || CAST(m.id AS text)) AS known
		FROM moves m WHERE `+since+` AND (CAST($3 AS bigint) = 0 OR m.project_id = $3)
		AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.place_id = $1 AND d.key = 'move:' || CAST(m.id AS text)) ORDER BY m.id DESC LIMIT $4`),
		q.PlaceID, s.dialect.stamp(q.Since), q.ProjectID, q.Limit)
	entries := make([]store.LogEntry, len(rows))
	for i, r := range rows {
		entries[i] = store.LogEntry{Move: r.move(), Pending: r.Pending, History: r.History, Known: r.Known}
	}
	return entries, err
}
