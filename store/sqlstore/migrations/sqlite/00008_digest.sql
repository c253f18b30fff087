-- +goose Up
-- When a place's week closes, and how far its last digest reached.
CREATE TABLE digests (
    place_id   INTEGER PRIMARY KEY REFERENCES places (id) ON DELETE CASCADE,
    weekday    INTEGER NOT NULL DEFAULT 1,   -- 0 is Sunday
    minute     INTEGER NOT NULL DEFAULT 540, -- after local midnight
    zone       TEXT NOT NULL DEFAULT 'UTC',
    off        INTEGER NOT NULL DEFAULT 0,
    skip_quiet INTEGER NOT NULL DEFAULT 0,
    next_at    INTEGER,                      -- NULL: not worked out yet, or off
    since      INTEGER,                      -- the end of the last digest's window
    seen       INTEGER NOT NULL DEFAULT 0    -- the last notice a digest told of
);
CREATE INDEX digests_due ON digests (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX digests_unset ON digests (place_id) WHERE next_at IS NULL AND NOT off;
INSERT INTO digests (place_id) SELECT DISTINCT place_id FROM subscriptions;

-- +goose StatementBegin
CREATE TRIGGER subscriptions_digest AFTER INSERT ON subscriptions
BEGIN
    INSERT INTO digests (place_id) SELECT NEW.place_id WHERE NOT EXISTS (SELECT 1 FROM digests WHERE place_id = NEW.place_id);
END;
-- +goose StatementEnd

-- What a digest is about; places that follow the same share one.
CREATE TABLE editions (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL UNIQUE, -- a hash of all that follows
    variant    TEXT NOT NULL,
    weekday    INTEGER NOT NULL,
    minute     INTEGER NOT NULL,
    zone       TEXT NOT NULL,
    follows    TEXT NOT NULL,
    begin_at   INTEGER NOT NULL,
    end_at     INTEGER NOT NULL,
    first      INTEGER NOT NULL,
    after      INTEGER NOT NULL,
    up_to      INTEGER NOT NULL,
    skip_quiet INTEGER NOT NULL
);
CREATE INDEX editions_by_end ON editions (end_at);

-- The moves in the order in which they were noticed.
CREATE TABLE noticed (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    move_id INTEGER NOT NULL UNIQUE,
    history INTEGER NOT NULL DEFAULT 0 -- it came with its project's first import
);
INSERT INTO noticed (move_id) SELECT m.id FROM moves m
    WHERE NOT EXISTS (SELECT 1 FROM move_changes c WHERE c.move_id = m.id) ORDER BY julianday(m.stored_at), m.id;

-- +goose StatementBegin
CREATE TRIGGER move_changes_noticed AFTER DELETE ON move_changes
BEGIN
    INSERT INTO noticed (move_id) SELECT OLD.move_id
        WHERE EXISTS (SELECT 1 FROM moves WHERE id = OLD.move_id) AND NOT EXISTS (SELECT 1 FROM noticed WHERE move_id = OLD.move_id);
END;
-- +goose StatementEnd

-- Alerts overtake digests: a place's deliveries go by rank, and then by age.
ALTER TABLE deliveries ADD COLUMN rank INTEGER NOT NULL DEFAULT 0;       -- 0 news, 1 a digest
ALTER TABLE deliveries ADD COLUMN edition_id INTEGER NOT NULL DEFAULT 0; -- of a digest
DROP INDEX deliveries_due;
DROP INDEX deliveries_open;
DROP INDEX deliveries_parked;
CREATE INDEX deliveries_due ON deliveries (platform, rank, wake_at, id) WHERE state IN ('waiting', 'held', 'sending') AND NOT parked;
CREATE INDEX deliveries_open ON deliveries (place_id, rank, id) WHERE state IN ('waiting', 'held', 'sending');
CREATE INDEX deliveries_parked ON deliveries (place_id, rank, id) WHERE parked;
CREATE INDEX deliveries_by_edition ON deliveries (edition_id, place_id) WHERE edition_id <> 0;
