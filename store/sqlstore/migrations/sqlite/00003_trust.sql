-- +goose Up
-- What a delivery needs to be edited, merged with others, and settled when it is
-- not known whether it arrived.
ALTER TABLE deliveries ADD COLUMN target_id INTEGER NOT NULL DEFAULT 0;   -- of an edit: the delivery whose message it edits
ALTER TABLE deliveries ADD COLUMN merged_into INTEGER NOT NULL DEFAULT 0; -- the delivery whose message says it as well
ALTER TABLE deliveries ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;    -- of the move, as the message shows it
ALTER TABLE deliveries ADD COLUMN held INTEGER NOT NULL DEFAULT 0;        -- was kept back, so it belongs to a catch-up
ALTER TABLE deliveries ADD COLUMN begun_at INTEGER;                       -- the last claim
ALTER TABLE deliveries ADD COLUMN unsure_at INTEGER;                      -- since when it may have arrived
CREATE INDEX deliveries_by_move ON deliveries (move_id, place_id) WHERE move_id <> 0;
CREATE INDEX deliveries_merged ON deliveries (merged_into) WHERE merged_into <> 0;

-- Keys of deliveries that were pruned, so that nothing is owed twice.
CREATE TABLE delivery_keys (
    place_id INTEGER NOT NULL REFERENCES places (id) ON DELETE CASCADE,
    key      TEXT NOT NULL,
    PRIMARY KEY (place_id, key)
) WITHOUT ROWID;

ALTER TABLE places ADD COLUMN quiet_from INTEGER NOT NULL DEFAULT 0; -- minutes after midnight; equal to quiet_to: never quiet
ALTER TABLE places ADD COLUMN quiet_to INTEGER NOT NULL DEFAULT 0;
ALTER TABLE places ADD COLUMN quiet_zone TEXT NOT NULL DEFAULT '';
ALTER TABLE places ADD COLUMN quiet_catch_up INTEGER NOT NULL DEFAULT 1;
ALTER TABLE places ADD COLUMN probe_at INTEGER; -- when a place that is gone is asked again
CREATE INDEX places_gone ON places (probe_at) WHERE disabled_at IS NOT NULL;

ALTER TABLE mutes ADD COLUMN catch_up INTEGER NOT NULL DEFAULT 1;

-- What one replica does alone, until then.
CREATE TABLE leases (
    name     TEXT PRIMARY KEY,
    holder   TEXT NOT NULL,
    until_at INTEGER NOT NULL
) WITHOUT ROWID;

-- The replicas that share a rate.
CREATE TABLE members (
    pool      TEXT NOT NULL,
    holder    TEXT NOT NULL,
    joined_at INTEGER NOT NULL,
    until_at  INTEGER NOT NULL,
    PRIMARY KEY (pool, holder)
) WITHOUT ROWID;
