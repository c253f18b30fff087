-- +goose Up
-- How much of a pool's limit a member uses at most, until until_at.
ALTER TABLE members ADD COLUMN share INTEGER NOT NULL DEFAULT 0;

-- When a place may be written to again: what one replica learnt and the others
-- must know.
ALTER TABLE places ADD COLUMN rest_until INTEGER;
