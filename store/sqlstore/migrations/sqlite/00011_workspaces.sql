-- +goose Up
-- The app in the Slack workspaces that installed it. The token is encrypted
-- before it comes here; key_id names the key.
CREATE TABLE installations (
    workspace      TEXT PRIMARY KEY,
    name           TEXT NOT NULL,
    enterprise     TEXT NOT NULL DEFAULT '',
    app            TEXT NOT NULL DEFAULT '',
    bot_user       TEXT NOT NULL DEFAULT '',
    scopes         TEXT NOT NULL DEFAULT '[]',
    installed_by   TEXT NOT NULL DEFAULT '',
    installed_at   INTEGER NOT NULL,
    removed_at     INTEGER,
    removed_reason TEXT NOT NULL DEFAULT '',
    key_id         TEXT NOT NULL DEFAULT '',
    token          TEXT NOT NULL DEFAULT '' -- empty once the app was removed
) WITHOUT ROWID;

-- Gone because the whole workspace is, and back with it.
ALTER TABLE places ADD COLUMN with_workspace INTEGER NOT NULL DEFAULT 0;
CREATE INDEX places_with_workspace ON places (platform, workspace) WHERE with_workspace;
