-- +goose Up
-- The log of a place is read along its keys: it has some hundred deliveries, and this
-- index cost every delivery that was stored.
DROP INDEX deliveries_by_place;
