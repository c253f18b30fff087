-- +goose Up
-- The score of every project at the end of every UTC day, as it was told: written
-- once and never changed.
CREATE TABLE snapshots (
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    day        INTEGER NOT NULL,           -- since 1970-01-01, UTC
    score      REAL NOT NULL CHECK (score BETWEEN 0 AND 10), -- computed, unrounded
    filled     INTEGER NOT NULL DEFAULT 0, -- worked out later, from the moves
    PRIMARY KEY (project_id, day)
) WITHOUT ROWID;
CREATE INDEX snapshots_by_day ON snapshots (day);

-- Where a project's momentum stands. The version is raised with every change, so
-- that of two who decide at once only one is right.
CREATE TABLE momentum (
    project_id INTEGER PRIMARY KEY REFERENCES projects (id) ON DELETE CASCADE,
    version    INTEGER NOT NULL DEFAULT 1,
    surging    INTEGER NOT NULL,
    quiet      INTEGER NOT NULL,
    surged_at  INTEGER, -- when each turn was last told
    woke_at    INTEGER,
    quieted_at INTEGER
);

-- Turns to tell of, each in chunks of places like a move's change.
CREATE TABLE turnings (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    turn       TEXT NOT NULL,
    day        INTEGER NOT NULL, -- since 1970-01-01, UTC
    at         INTEGER NOT NULL,
    silent     INTEGER NOT NULL, -- days without a move: so far, or before it woke
    move_id    INTEGER NOT NULL DEFAULT 0, -- what woke it, or the last before it went quiet
    cursor_    INTEGER NOT NULL DEFAULT 0, -- the last place told
    told       INTEGER NOT NULL DEFAULT 0,
    UNIQUE (project_id, turn, day)
);
CREATE INDEX turnings_open ON turnings (id) WHERE NOT told;

ALTER TABLE deliveries ADD COLUMN turning_id INTEGER NOT NULL DEFAULT 0; -- of a trend message
