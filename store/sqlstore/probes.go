package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"sparkbot/store"
)

// Gone gives places that are gone and to be asked for at now, the longest due
// first. Places of members are left out: nobody waits for what they missed.
func (s *Store) Gone(ctx context.Context, now time.Time, limit int) ([]store.Place, error) {
	var rows []placeRow
	err := s.read.SelectContext(ctx, &rows, "SELECT "+placeColumns+` FROM places
		WHERE disabled_at IS NOT NULL AND probe_at <= $1 AND channel NOT LIKE '@%' ORDER BY probe_at, id LIMIT $2`, s.dialect.stamp(now), limit)
	if err != nil {
		return nil, fmt.Errorf("read the places that are gone: %w", err)
	}
	return places(rows), nil
}

// PutOffProbe sets when a place is asked for next, and reports false when somebody
// else has done so since it was read.
func (s *Store) PutOffProbe(ctx context.Context, p store.Place, next time.Time) (bool, error) {
	result, err := s.write.ExecContext(ctx, "UPDATE places SET probe_at = $3 WHERE id = $1 AND probe_at = $2 AND disabled_at IS NOT NULL",
		p.ID, s.dialect.stamp(p.ProbeAt), s.dialect.stamp(next))
	if err != nil {
		return false, fmt.Errorf("put off the probe of place %d: %w", p.ID, err)
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// GoneOf gives the places of a workspace that are gone and that a member
// subscribed, the latest first.
func (s *Store) GoneOf(ctx context.Context, platform store.Platform, workspace, member string, limit int) ([]store.Place, error) {
	var rows []placeRow
	err := s.read.SelectContext(ctx, &rows, "SELECT "+placeColumns+` FROM places WHERE platform = $1 AND workspace = $2 AND disabled_at IS NOT NULL
		AND id IN (SELECT s.place_id FROM subscriptions s WHERE s.created_by = $3) ORDER BY disabled_at DESC, id DESC LIMIT $4`,
		string(platform), workspace, member, limit)
	if err != nil {
		return nil, fmt.Errorf("read the places that are gone: %w", err)
	}
	return places(rows), nil
}

// Place gives store.ErrNotFound when no place has the id.
func (s *Store) Place(ctx context.Context, id int64) (store.Place, error) {
	var row placeRow
	err := s.read.GetContext(ctx, &row, "SELECT "+placeColumns+" FROM places WHERE id = $1", id)
	if errors.Is(err, sql.ErrNoRows) {
		return store.Place{}, fmt.Errorf("place %d: %w", id, store.ErrNotFound)
	}
	if err != nil {
		return store.Place{}, fmt.Errorf("read place %d: %w", id, err)
	}
	return row.place(), nil
}

func places(rows []placeRow) []store.Place {
	all := make([]store.Place, len(rows))
	for i, r := range rows {
		all[i] = r.place()
	}
	return all
}
