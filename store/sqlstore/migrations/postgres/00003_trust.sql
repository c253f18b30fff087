-- +goose Up
-- What a delivery needs to be edited, merged with others, and settled when it is
-- not known whether it arrived.
ALTER TABLE deliveries
    ADD COLUMN target_id bigint NOT NULL DEFAULT 0,   -- of an edit: the delivery whose message it edits
    ADD COLUMN merged_into bigint NOT NULL DEFAULT 0, -- the delivery whose message says it as well
    ADD COLUMN revision bigint NOT NULL DEFAULT 0,    -- of the move, as the message shows it
    ADD COLUMN held boolean NOT NULL DEFAULT false,   -- was kept back, so it belongs to a catch-up
    ADD COLUMN begun_at timestamptz,                  -- the last claim
    ADD COLUMN unsure_at timestamptz;                 -- since when it may have arrived
CREATE INDEX deliveries_by_move ON deliveries (move_id, place_id) WHERE move_id <> 0;
CREATE INDEX deliveries_merged ON deliveries (merged_into) WHERE merged_into <> 0;

-- Keys of deliveries that were pruned, so that nothing is owed twice.
CREATE TABLE delivery_keys (
    place_id bigint NOT NULL REFERENCES places (id) ON DELETE CASCADE,
    key      text NOT NULL,
    PRIMARY KEY (place_id, key)
);

ALTER TABLE places
    ADD COLUMN quiet_from integer NOT NULL DEFAULT 0, -- minutes after midnight; equal to quiet_to: never quiet
    ADD COLUMN quiet_to integer NOT NULL DEFAULT 0,
    ADD COLUMN quiet_zone text NOT NULL DEFAULT '',
    ADD COLUMN quiet_catch_up boolean NOT NULL DEFAULT true,
    ADD COLUMN probe_at timestamptz; -- when a place that is gone is asked again
CREATE INDEX places_gone ON places (probe_at) WHERE disabled_at IS NOT NULL;

ALTER TABLE mutes ADD COLUMN catch_up boolean NOT NULL DEFAULT true;

-- What one replica does alone, until then.
CREATE TABLE leases (
    name     text PRIMARY KEY,
    holder   text NOT NULL,
    until_at timestamptz NOT NULL
);

-- The replicas that share a rate.
CREATE TABLE members (
    pool      text NOT NULL,
    holder    text NOT NULL,
    joined_at timestamptz NOT NULL,
    until_at  timestamptz NOT NULL,
    PRIMARY KEY (pool, holder)
);
