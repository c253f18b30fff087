-- +goose Up
-- What is remembered of a feed between two reads.
CREATE TABLE feed_states (
    key           TEXT PRIMARY KEY, -- slug, space, address as it is configured
    etag          TEXT NOT NULL DEFAULT '',
    last_modified TEXT NOT NULL DEFAULT '',
    moved_to      TEXT NOT NULL DEFAULT '',
    next_at       INTEGER NOT NULL,
    read_at       INTEGER,
    failures      INTEGER NOT NULL DEFAULT 0,
    problem       TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;

-- The names under which entries of feeds were seen, whichever feed it was. A row
-- outlives its move, so that what was taken out is not brought back.
CREATE TABLE feed_entries (
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    move_id    INTEGER NOT NULL,
    said       TEXT NOT NULL DEFAULT '', -- a hash of the words the feed gave last; empty: the move is not the feed's own
    seen_at    INTEGER NOT NULL DEFAULT (CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)),
    PRIMARY KEY (project_id, name)
) WITHOUT ROWID;
CREATE INDEX feed_entries_by_move ON feed_entries (move_id);
