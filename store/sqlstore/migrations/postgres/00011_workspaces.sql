-- +goose Up
-- The app in the Slack workspaces that installed it. The token is encrypted
-- before it comes here; key_id names the key.
CREATE TABLE installations (
    workspace      text PRIMARY KEY,
    name           text NOT NULL,
    enterprise     text NOT NULL DEFAULT '',
    app            text NOT NULL DEFAULT '',
    bot_user       text NOT NULL DEFAULT '',
    scopes         jsonb NOT NULL DEFAULT '[]',
    installed_by   text NOT NULL DEFAULT '',
    installed_at   timestamptz NOT NULL,
    removed_at     timestamptz,
    removed_reason text NOT NULL DEFAULT '',
    key_id         text NOT NULL DEFAULT '',
    token          text NOT NULL DEFAULT '' -- empty once the app was removed
);

-- Gone because the whole workspace is, and back with it.
ALTER TABLE places ADD COLUMN with_workspace boolean NOT NULL DEFAULT false;
CREATE INDEX places_with_workspace ON places (platform, workspace) WHERE with_workspace;
