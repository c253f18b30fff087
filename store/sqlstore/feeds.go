package sqlstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/jmoiron/sqlx"

	"sparkbot/store"
)

type feedRow struct {
	Key          string `db:"key"`
	ETag         string `db:"etag"`
	LastModified string `db:"last_modified"`
	MovedTo      string `db:"moved_to"`
	NextAt       moment `db:"next_at"`
	ReadAt       moment `db:"read_at"`
	Failures     int    `db:"failures"`
	Problem      string `db:"problem"`
}

// FeedStates gives what is remembered of the feeds with the keys, by key.
func (s *Store) FeedStates(ctx context.Context, keys []string) (map[string]store.FeedState, error) {
	var rows []feedRow
	err := s.read.SelectContext(ctx, &rows, s.dialect.sql(`SELECT f.key, f.etag, f.last_modified, f.moved_to, f.next_at, f.read_at, f.failures, f.problem
		FROM feed_states f WHERE f.key IN (SELECT value FROM {elements $1} e)`), array(keys))
	if err != nil {
		return nil, fmt.Errorf("read the states of %d feeds: %w", len(keys), err)
	}
	states := map[string]store.FeedState{}
	for _, r := range rows {
		states[r.Key] = store.FeedState{
			Key: r.Key, ETag: r.ETag, LastModified: r.LastModified, MovedTo: r.MovedTo, NextAt: r.NextAt.Time, ReadAt: r.ReadAt.Time,
			Failures: r.Failures, Problem: r.Problem,
		}
	}
	return states, nil
}

// SaveFeed remembers a feed.
func (s *Store) SaveFeed(ctx context.Context, st store.FeedState) error {
	if err := s.dialect.saveFeed(ctx, s.write, st); err != nil {
		return fmt.Errorf("store the state of a feed: %w", err)
	}
	return nil
}

func (d dialect) saveFeed(ctx context.Context, db sqlx.ExecerContext, st store.FeedState) error {
	_, err := db.ExecContext(ctx, `INSERT INTO feed_states (key, etag, last_modified, moved_to, next_at, read_at, failures, problem)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (key) DO UPDATE SET etag = excluded.etag, last_modified = excluded.last_modified,
		moved_to = excluded.moved_to, next_at = excluded.next_at, read_at = excluded.read_at, failures = excluded.failures, problem = excluded.problem`,
		st.Key, st.ETag, st.LastModified, st.MovedTo, d.stamp(st.NextAt), d.stamp(st.ReadAt), st.Failures, st.Problem)
	return err
}

// StoreFeed stores what is new or changed of a feed, and its state, in one
// transaction. An entry that was seen under any of its names is not stored again,
// and one whose source is already told by a move is that move. The words of a move
// follow those of its entry as long as nobody else has edited it.
func (s *Store) StoreFeed(ctx context.Context, r store.FeedRead) (added, edited int, err error) {
	err = s.Import(ctx, func(tx *Import) error {
		f := feedImport{Import: tx, read: r}
		if err := f.store(ctx); err != nil {
			return err
		}
		added, edited = f.added, f.edited
		return s.dialect.saveFeed(ctx, tx.tx, r.State)
	})
	if err != nil {
		return 0, 0, fmt.Errorf("store the entries of a feed: %w", explain(err))
	}
	return added, edited, nil
}

// feedImport is one feed on its way into a transaction.
type feedImport struct {
	*Import
	read          store.FeedRead
	added, edited int
}

type seenRow struct {
	Name   string `db:"name"`
	MoveID int64  `db:"move_id"`
	Said   string `db:"said"`
}

func (f *feedImport) store(ctx context.Context) error {
	if err := f.alone(ctx); err != nil {
		return err
	}
	seen, err := f.seen(ctx)
	if err != nil {
		return err
	}
	var fresh []store.FeedEntry
	for _, e := range f.read.Entries {
		row, known := first(seen, e.Names)
		if !known {
			fresh = append(fresh, e)
			continue
		}
		if row.Said, err = f.follow(ctx, row, e.Move); err != nil {
			return err
		}
		if err := f.learn(ctx, e.Names, row.MoveID, row.Said); err != nil {
			return err
		}
	}
	return f.insert(ctx, fresh)
}

// alone keeps two replicas from storing the same entries of a project at once.
func (f *feedImport) alone(ctx context.Context) error {
	if f.dialect.name == onSQLite.name {
		return nil
	}
	var id int64
	return f.tx.GetContext(ctx, &id, "SELECT id FROM projects WHERE id = $1 FOR NO KEY UPDATE", f.read.ProjectID)
}

// seen finds the names that are known, by name.
func (f *feedImport) seen(ctx context.Context) (map[string]seenRow, error) {
	var names []string
	for _, e := range f.read.Entries {
		names = append(names, e.Names...)
	}
	var rows []seenRow
	err := f.tx.SelectContext(ctx, &rows, f.dialect.sql(`SELECT name, move_id, said FROM feed_entries
		WHERE project_id = $1 AND name IN (SELECT value FROM {elements $2} e)`), f.read.ProjectID, array(names))
	if err != nil {
		return nil, err
	}
	seen := make(map[string]seenRow, len(rows))
	for _, r := range rows {
		seen[r.Name] = r
	}
	return seen, nil
}

func first(seen map[string]seenRow, names []string) (row seenRow, known bool) {
	for _, n := range names {
		if row, known = seen[n]; known {
			return row, true
		}
	}
	return seenRow{}, false
}

// follow gives a move the words its entry has now, unless somebody else gave it
// words of their own or took it back. It gives the hash of what the feed says.
func (f *feedImport) follow(ctx context.Context, row seenRow, m store.Move) (said string, err error) {
	now := words(m.Title, m.Summary)
	if row.Said == now || row.Said == "" {
		return row.Said, nil
	}
	var rows []moveRow
	if err := f.tx.SelectContext(ctx, &rows, f.dialect.sql("SELECT "+moveColumns+" FROM moves m WHERE m.id = $1 AND m.retracted_at IS NULL"), row.MoveID); err != nil {
		return "", err
	}
	if len(rows) == 0 || words(rows[0].Title, rows[0].Summary) != row.Said {
		return "", nil // from now on the move is not the feed's
	}
	if _, err := f.tx.ExecContext(ctx, "UPDATE moves SET title = $2, summary = $3 WHERE id = $1", row.MoveID, m.Title, m.Summary); err != nil {
		return "", err
	}
	f.edited++
	return now, nil
}

// words is a short name for a title and a summary.
func words(title, summary string) string {
	sum := sha256.Sum256([]byte(title + "\x00" + summary))
	return hex.EncodeToString(sum[:12])
}

// learn records every name of an entry.
func (f *feedImport) learn(ctx context.Context, names []string, move int64, said string) error {
	_, err := f.tx.ExecContext(ctx, f.dialect.sql(`INSERT INTO feed_entries (project_id, name, move_id, said)
		SELECT CAST($1 AS bigint), value, CAST($3 AS bigint), CAST($4 AS text) FROM {elements $2} e WHERE true
		ON CONFLICT (project_id, name) DO UPDATE SET said = excluded.said WHERE feed_entries.said <> excluded.said AND feed_entries.move_id = excluded.move_id`),
		f.read.ProjectID, array(names), move, said)
	return err
}

// insert stores the moves of entries that were never seen.
func (f *feedImport) insert(ctx context.Context, entries []store.FeedEntry) error {
	if len(entries) == 0 {
		return nil
	}
	moves := make([]store.Move, len(entries))
	for i, e := range entries {
		moves[i] = e.Move
	}
	_, told, err := f.known(ctx, f.read.ProjectID, moves)
	if err != nil {
		return err
	}
	var fresh []moveDocument
	for _, m := range moves {
		if _, there := told[m.SourceURL]; !there {
			fresh = append(fresh, document(f.dialect, m))
		}
	}
	if err := f.insertMoves(ctx, f.read.ProjectID, fresh); err != nil {
		return err
	}
	_, stored, err := f.known(ctx, f.read.ProjectID, moves)
	if err != nil {
		return err
	}
	var history []int64
	for _, e := range entries {
		m := stored[e.Move.SourceURL]
		said := words(e.Move.Title, e.Move.Summary)
		if _, there := told[m.SourceURL]; there {
			said = "" // another program's move
		} else {
			history = append(history, m.ID)
		}
		if err := f.learn(ctx, e.Names, m.ID, said); err != nil {
			return err
		}
	}
	f.added = len(fresh)
	if !f.read.History {
		return nil
	}
	_, err = f.tx.ExecContext(ctx, f.dialect.sql("DELETE FROM move_changes WHERE move_id IN (SELECT CAST(value AS bigint) FROM {elements $1} e)"), array(history))
	return err
}
