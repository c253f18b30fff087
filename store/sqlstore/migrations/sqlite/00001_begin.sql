-- +goose Up
-- Open tables: any program may write them. Names and defaults are the contract.
-- Times here are text that datetime() reads, by default RFC 3339 in UTC.
CREATE TABLE projects (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    slug          TEXT NOT NULL UNIQUE CONSTRAINT projects_slug_form CHECK (slug GLOB '[a-z0-9]*' AND slug NOT GLOB '*[^a-z0-9-]*' AND length(slug) <= 64),
    name          TEXT NOT NULL CONSTRAINT projects_name_length CHECK (length(name) BETWEEN 1 AND 200),
    category      TEXT NOT NULL DEFAULT '' CONSTRAINT projects_category_length CHECK (length(category) <= 40),
    tagline       TEXT NOT NULL DEFAULT '' CONSTRAINT projects_tagline_length CHECK (length(tagline) <= 1000),
    headline      TEXT NOT NULL DEFAULT '' CONSTRAINT projects_headline_length CHECK (length(headline) <= 1000),
    current_state TEXT NOT NULL DEFAULT '' CONSTRAINT projects_current_state_length CHECK (length(current_state) <= 20000),
    heading       TEXT NOT NULL DEFAULT '' CONSTRAINT projects_heading_length CHECK (length(heading) <= 20000),
    prediction    TEXT NOT NULL DEFAULT '' CONSTRAINT projects_prediction_length CHECK (length(prediction) <= 20000),
    url           TEXT NOT NULL DEFAULT '' CONSTRAINT projects_url_form CHECK (url = '' OR ((url GLOB 'http://[^/]*' OR url GLOB 'https://[^/]*') AND length(url) <= 2000)),
    icon_url      TEXT NOT NULL DEFAULT '' CONSTRAINT projects_icon_url_form CHECK (icon_url = '' OR ((icon_url GLOB 'http://[^/]*' OR icon_url GLOB 'https://[^/]*') AND length(icon_url) <= 2000)),
    velocity      REAL CONSTRAINT projects_velocity_range CHECK (velocity IS NULL OR (typeof(velocity) IN ('real', 'integer') AND velocity >= 0 AND velocity <= 10)),
    created_at    TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    updated_at    TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

CREATE TABLE project_tags (
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    tag        TEXT NOT NULL CONSTRAINT project_tags_length CHECK (length(tag) BETWEEN 1 AND 60),
    PRIMARY KEY (project_id, tag)
) WITHOUT ROWID;

CREATE TABLE moves (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id   INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    key          TEXT CONSTRAINT moves_key_length CHECK (length(key) <= 200),
    title        TEXT NOT NULL CONSTRAINT moves_title_length CHECK (length(title) BETWEEN 1 AND 1000),
    summary      TEXT NOT NULL DEFAULT '' CONSTRAINT moves_summary_length CHECK (length(summary) <= 20000),
    source_url   TEXT NOT NULL CONSTRAINT moves_source_url_form CHECK ((source_url GLOB 'http://[^/]*' OR source_url GLOB 'https://[^/]*') AND length(source_url) <= 2000),
    spark        INTEGER NOT NULL DEFAULT 0 CONSTRAINT moves_spark_flag CHECK (spark IN (0, 1)),
    occurred_at  TEXT NOT NULL CONSTRAINT moves_occurred_at_time CHECK (datetime(occurred_at) IS NOT NULL),
    stored_at    TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    revision     INTEGER NOT NULL DEFAULT 1,
    retracted_at TEXT CONSTRAINT moves_retracted_at_time CHECK (retracted_at IS NULL OR datetime(retracted_at) IS NOT NULL),
    UNIQUE (project_id, key),
    UNIQUE (project_id, source_url)
);
CREATE INDEX moves_by_time ON moves (project_id, datetime(occurred_at) DESC, id DESC);

-- Tables of ours. Times are milliseconds since 1970, UTC. Defaults and triggers
-- run in the SQLite of whoever writes, so they use nothing that a version of some
-- years ago lacks.
CREATE TABLE places (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    platform        TEXT NOT NULL,
    workspace       TEXT NOT NULL,
    channel         TEXT NOT NULL,
    disabled_at     INTEGER,
    disabled_reason TEXT NOT NULL DEFAULT '',
    created_at      INTEGER NOT NULL DEFAULT (CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)),
    UNIQUE (platform, workspace, channel)
);

CREATE TABLE subscriptions (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    place_id   INTEGER NOT NULL REFERENCES places (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL,
    value      TEXT NOT NULL,
    except_    TEXT NOT NULL DEFAULT '[]',
    events     INTEGER NOT NULL,
    role       TEXT NOT NULL DEFAULT '',
    created_by TEXT NOT NULL DEFAULT '',
    since      INTEGER NOT NULL DEFAULT (CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)),
    UNIQUE (place_id, kind, value)
);
CREATE INDEX subscriptions_by_target ON subscriptions (kind, value, place_id);

CREATE TABLE mutes (
    place_id   INTEGER NOT NULL REFERENCES places (id) ON DELETE CASCADE,
    project_id INTEGER NOT NULL, -- 0: every project
    until      INTEGER NOT NULL,
    PRIMARY KEY (place_id, project_id)
) WITHOUT ROWID;

CREATE TABLE move_changes (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    move_id INTEGER NOT NULL REFERENCES moves (id) ON DELETE CASCADE,
    kind    TEXT NOT NULL,
    at      INTEGER NOT NULL DEFAULT (CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)),
    cursor_ INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX move_changes_by_move ON move_changes (move_id);

CREATE TABLE deliveries (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    place_id   INTEGER NOT NULL REFERENCES places (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL,
    key        TEXT NOT NULL,
    move_id    INTEGER NOT NULL DEFAULT 0,
    state      TEXT NOT NULL DEFAULT 'waiting',
    roles      TEXT NOT NULL DEFAULT '[]',
    attempt    INTEGER NOT NULL DEFAULT 0,
    fence      INTEGER NOT NULL DEFAULT 0,
    wake_at    INTEGER NOT NULL, -- due when waiting or held, end of the lease when sending
    give_up_at INTEGER NOT NULL,
    message_id TEXT NOT NULL DEFAULT '',
    reason     TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL DEFAULT (CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)),
    settled_at INTEGER,
    UNIQUE (place_id, key)
);
CREATE INDEX deliveries_open ON deliveries (wake_at, id) WHERE state IN ('waiting', 'held', 'sending');
CREATE INDEX deliveries_blocking ON deliveries (place_id, id) WHERE state IN ('waiting', 'sending');
CREATE INDEX deliveries_by_place ON deliveries (place_id, id DESC);

-- +goose StatementBegin
CREATE TRIGGER projects_touch AFTER UPDATE OF slug, name, category, tagline, headline, current_state, heading, prediction, url, icon_url, velocity ON projects
WHEN (OLD.slug, OLD.name, OLD.category, OLD.tagline, OLD.headline, OLD.current_state, OLD.heading, OLD.prediction, OLD.url, OLD.icon_url, OLD.velocity)
    IS NOT (NEW.slug, NEW.name, NEW.category, NEW.tagline, NEW.headline, NEW.current_state, NEW.heading, NEW.prediction, NEW.url, NEW.icon_url, NEW.velocity)
BEGIN
    UPDATE projects SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.id;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER moves_note_insert AFTER INSERT ON moves
BEGIN
    UPDATE moves SET stored_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), revision = 1 WHERE id = NEW.id;
    INSERT INTO move_changes (move_id, kind) SELECT NEW.id, 'stored' WHERE NEW.retracted_at IS NULL;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER moves_note_update AFTER UPDATE OF project_id, key, title, summary, source_url, spark, occurred_at, retracted_at ON moves
WHEN (OLD.project_id, OLD.key, OLD.title, OLD.summary, OLD.source_url, OLD.spark, OLD.occurred_at, OLD.retracted_at)
    IS NOT (NEW.project_id, NEW.key, NEW.title, NEW.summary, NEW.source_url, NEW.spark, NEW.occurred_at, NEW.retracted_at)
BEGIN
    UPDATE moves SET revision = OLD.revision + 1, stored_at = OLD.stored_at WHERE id = NEW.id;
    INSERT INTO move_changes (move_id, kind)
    SELECT NEW.id, CASE
        WHEN NEW.retracted_at IS NOT NULL THEN 'retracted'
        WHEN OLD.retracted_at IS NOT NULL THEN 'stored'
        WHEN NEW.spark AND NOT OLD.spark THEN 'sparked'
        ELSE 'edited' END
    WHERE NEW.retracted_at IS NULL OR OLD.retracted_at IS NULL;
END;
-- +goose StatementEnd
