-- +goose Up
-- Since when a place has heard nothing, which may be several absences in a row.
ALTER TABLE places ADD COLUMN gone_at timestamptz;
UPDATE places SET gone_at = disabled_at, probe_at = disabled_at WHERE disabled_at IS NOT NULL;
