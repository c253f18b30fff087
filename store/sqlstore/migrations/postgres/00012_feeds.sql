-- +goose Up
-- What is remembered of a feed between two reads.
CREATE TABLE feed_states (
    key           text PRIMARY KEY, -- slug, space, address as it is configured
    etag          text NOT NULL DEFAULT '',
    last_modified text NOT NULL DEFAULT '',
    moved_to      text NOT NULL DEFAULT '',
    next_at       timestamptz NOT NULL,
    read_at       timestamptz,
    failures      integer NOT NULL DEFAULT 0,
    problem       text NOT NULL DEFAULT ''
);

-- The names under which entries of feeds were seen, whichever feed it was. A row
-- outlives its move, so that what was taken out is not brought back.
CREATE TABLE feed_entries (
    project_id bigint NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name       text NOT NULL,
    move_id    bigint NOT NULL,
    said       text NOT NULL DEFAULT '', -- a hash of the words the feed gave last; empty: the move is not the feed's own
    seen_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (project_id, name)
);
CREATE INDEX feed_entries_by_move ON feed_entries (move_id);
