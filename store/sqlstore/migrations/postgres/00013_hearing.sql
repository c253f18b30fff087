-- +goose Up
-- Who hears of something, in the order of places.
CREATE INDEX subscriptions_hearing ON subscriptions (kind, lower(value), place_id);
