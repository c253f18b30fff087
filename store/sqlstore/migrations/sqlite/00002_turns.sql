-- +goose Up
-- A delivery is parked while something earlier of its place is open, so that a
-- claim meets only those whose turn it may be.
ALTER TABLE deliveries ADD COLUMN platform TEXT NOT NULL DEFAULT '';
ALTER TABLE deliveries ADD COLUMN parked INTEGER NOT NULL DEFAULT 0;
UPDATE deliveries SET platform = (SELECT p.platform FROM places p WHERE p.id = deliveries.place_id);

DROP INDEX deliveries_open;
DROP INDEX deliveries_blocking;
CREATE INDEX deliveries_due ON deliveries (platform, wake_at, id) WHERE state IN ('waiting', 'held', 'sending') AND NOT parked;
CREATE INDEX deliveries_open ON deliveries (place_id, id) WHERE state IN ('waiting', 'held', 'sending');
CREATE INDEX deliveries_parked ON deliveries (place_id, id) WHERE parked;

-- Whoever stores a delivery without its place's platform would store one that
-- nobody claims.
-- +goose StatementBegin
CREATE TRIGGER deliveries_place AFTER INSERT ON deliveries WHEN NEW.platform = ''
BEGIN
    UPDATE deliveries SET platform = (SELECT p.platform FROM places p WHERE p.id = NEW.place_id) WHERE id = NEW.id;
END;
-- +goose StatementEnd

-- datetime() reads years before Christ, which JSON cannot hold.
-- +goose StatementBegin
CREATE TRIGGER moves_range_insert BEFORE INSERT ON moves
WHEN datetime(NEW.occurred_at) < '0001-01-01' OR datetime(NEW.retracted_at) < '0001-01-01'
BEGIN
    SELECT RAISE(ABORT, 'occurred_at and retracted_at lie in the years 1 to 9999');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER moves_range_update BEFORE UPDATE OF occurred_at, retracted_at ON moves
WHEN datetime(NEW.occurred_at) < '0001-01-01' OR datetime(NEW.retracted_at) < '0001-01-01'
BEGIN
    SELECT RAISE(ABORT, 'occurred_at and retracted_at lie in the years 1 to 9999');
END;
-- +goose StatementEnd
