package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"sparkbot/store"
)

// PutMoves stores moves of one project. A stored move is the same as a given one
// when it has its key, or else its source; it is touched only if a reader would
// see a difference. Errors: store.ErrConflict when a key and a source belong to
// two different stored moves, store.ErrInvalid when a value breaks a rule.
func (i *Import) PutMoves(ctx context.Context, projectID int64, moves []store.Move) (added, edited int, err error) {
	byKey, bySource, err := i.known(ctx, projectID, moves)
	if err != nil {
		return 0, 0, err
	}
	var fresh []moveDocument
	for _, m := range moves {
		old, found := byKey[m.Key]
		if m.Key == "" || !found {
			old, found = bySource[m.SourceURL]
		}
		switch {
		case !found:
			fresh = append(fresh, document(i.dialect, m))
		case !sameMove(old, m):
			if err := i.updateMove(ctx, old.ID, m); err != nil {
				return added, edited, fmt.Errorf("store move %s: %w", m.SourceURL, explain(err))
			}
			edited++
		}
	}
	if err := i.insertMoves(ctx, projectID, fresh); err != nil {
		return added, edited, fmt.Errorf("store %d moves: %w", len(fresh), explain(err))
	}
	return len(fresh), edited, nil
}

// known finds the stored moves that some of the given ones may be.
func (i *Import) known(ctx context.Context, projectID int64, moves []store.Move) (byKey, bySource map[string]store.Move, err error) {
	keys, sources := []string{}, make([]string, len(moves))
	for n, m := range moves {
		sources[n] = m.SourceURL
		if m.Key != "" {
			keys = append(keys, m.Key)
		}
	}
	var rows []moveRow
	for _, q := range []struct {
		column string
		values []string
	}{{"key", keys}, {"source_url", sources}} {
		var some []moveRow
		err := i.tx.SelectContext(ctx, &some, i.dialect.sql("SELECT "+moveColumns+" FROM moves m WHERE m.project_id = $1 AND m."+q.column+
			" IN (SELECT value FROM {elements $2} e)"), projectID, array(q.values))
		if err != nil {
			return nil, nil, fmt.Errorf("look for stored moves: %w", err)
		}
		rows = append(rows, some...)
	}
	byKey, bySource = map[string]store.Move{}, map[string]store.Move{}
	for _, r := range rows {
		m := r.move()
		bySource[m.SourceURL] = m
		if m.Key != "" {
			byKey[m.Key] = m
		}
	}
	return byKey, bySource, nil
}

func sameMove(a, b store.Move) bool {
	return (b.Key == "" || a.Key == b.Key) && a.Title == b.Title && a.Summary == b.Summary && a.SourceURL == b.SourceURL && a.Spark == b.Spark &&
		a.OccurredAt.Truncate(time.Millisecond).Equal(b.OccurredAt.Truncate(time.Millisecond))
}

func (i *Import) updateMove(ctx context.Context, id int64, m store.Move) error {
	_, err := i.tx.ExecContext(ctx, `UPDATE moves SET key = coalesce(nullif($2, ''), key), title = $3, summary = $4, source_url = $5, spark = $6, occurred_at = $7 WHERE id = $1`,
		id, m.Key, m.Title, m.Summary, m.SourceURL, m.Spark, i.dialect.openStamp(m.OccurredAt))
	return err
}

// moveDocument is a move inside the one JSON argument of a batch insert.
type moveDocument struct {
	Key        *string `json:"key"`
	Title      string  `json:"title"`
	Summary    string  `json:"summary"`
	SourceURL  string  `json:"source_url"`
	Spark      bool    `json:"spark"`
	OccurredAt any     `json:"occurred_at"`
}

func document(d dialect, m store.Move) moveDocument {
	doc := moveDocument{Title: m.Title, Summary: m.Summary, SourceURL: m.SourceURL, Spark: m.Spark, OccurredAt: d.openStamp(m.OccurredAt)}
	if m.Key != "" {
		doc.Key = &m.Key
	}
	return doc
}

func (i *Import) insertMoves(ctx context.Context, projectID int64, moves []moveDocument) error {
	if len(moves) == 0 {
		return nil
	}
	text, err := json.Marshal(moves)
	if err != nil {
		return err
	}
	query := `INSERT INTO moves (project_id, key, title, summary, source_url, spark, occurred_at)
		SELECT CAST($1 AS bigint), x.key, x.title, x.summary, x.source_url, x.spark, x.occurred_at
		FROM jsonb_to_recordset(CAST($2 AS jsonb)) AS x(key text, title text, summary text, source_url text, spark boolean, occurred_at timestamptz)`
	if i.dialect.name == onSQLite.name {
		query = `INSERT INTO moves (project_id, key, title, summary, source_url, spark, occurred_at)
			SELECT $1, value ->> 'key', value ->> 'title', value ->> 'summary', value ->> 'source_url', value ->> 'spark', value ->> 'occurred_at' FROM json_each($2)`
	}
	_, err = i.tx.ExecContext(ctx, query, projectID, string(text))
	return err
}
