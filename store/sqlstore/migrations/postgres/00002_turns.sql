-- +goose Up
-- A delivery is parked while something earlier of its place is open, so that a
-- claim meets only those whose turn it may be.
ALTER TABLE deliveries
    ADD COLUMN platform text NOT NULL DEFAULT '',
    ADD COLUMN parked boolean NOT NULL DEFAULT false;
UPDATE deliveries d SET platform = p.platform FROM places p WHERE p.id = d.place_id;

DROP INDEX deliveries_open;
DROP INDEX deliveries_blocking;
CREATE INDEX deliveries_due ON deliveries (platform, wake_at, id) WHERE state IN ('waiting', 'held', 'sending') AND NOT parked;
CREATE INDEX deliveries_open ON deliveries (place_id, id) WHERE state IN ('waiting', 'held', 'sending');
CREATE INDEX deliveries_parked ON deliveries (place_id, id) WHERE parked;

-- Whoever stores a delivery without its place's platform would store one that
-- nobody claims.
-- +goose StatementBegin
CREATE FUNCTION sparkbot_place_delivery() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT p.platform INTO STRICT NEW.platform FROM places p WHERE p.id = NEW.place_id;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER deliveries_place BEFORE INSERT ON deliveries FOR EACH ROW
    WHEN (NEW.platform = '') EXECUTE FUNCTION sparkbot_place_delivery();

-- PostgreSQL knows times that are no dates, such as infinity. One of them would
-- keep every move from being read.
ALTER TABLE moves
    ADD CONSTRAINT moves_occurred_at_range CHECK (occurred_at >= '0001-01-01 00:00:00+00' AND occurred_at < '10000-01-01 00:00:00+00'),
    ADD CONSTRAINT moves_retracted_at_range CHECK (retracted_at >= '0001-01-01 00:00:00+00' AND retracted_at < '10000-01-01 00:00:00+00');
ALTER TABLE projects
    ADD CONSTRAINT projects_created_at_range CHECK (created_at >= '0001-01-01 00:00:00+00' AND created_at < '10000-01-01 00:00:00+00'),
    ADD CONSTRAINT projects_updated_at_range CHECK (updated_at >= '0001-01-01 00:00:00+00' AND updated_at < '10000-01-01 00:00:00+00');
