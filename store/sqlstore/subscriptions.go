package sqlstore

import (
	"context"
	"fmt"
	"slices"

	"sparkbot/store"
)

type subscriptionRow struct {
	ID        int64  `db:"id"`
	PlaceID   int64  `db:"place_id"`
	Kind      string `db:"kind"`
	Value     string `db:"value"`
	Except    list   `db:"except_"`
	Events    int    `db:"events"`
	Role      string `db:"role"`
	CreatedBy string `db:"created_by"`
	Since     moment `db:"since"`
}

const subscriptionColumns = "s.id, s.place_id, s.kind, s.value, s.except_, s.events, s.role, s.created_by, s.since"

func (r subscriptionRow) subscription() store.Subscription {
	return store.Subscription{
		ID: r.ID, PlaceID: r.PlaceID, Target: store.Target{Kind: store.TargetKind(r.Kind), Value: r.Value}, Except: r.Except,
		Events: store.Events(r.Events), Role: r.Role, CreatedBy: r.CreatedBy, Since: r.Since.Time,
	}
}

// Subscribe stores a subscription. One that the place has already for the same
// target gets the new events, exceptions and role and keeps its beginning.
func (s *Store) Subscribe(ctx context.Context, sub store.Subscription) (store.Subscription, error) {
	except := slices.Compact(slices.Sorted(slices.Values(sub.Except)))
	var row subscriptionRow
	err := s.write.GetContext(ctx, &row, s.dialect.sql(`INSERT INTO subscriptions AS s (place_id, kind, value, except_, events, role, created_by, since)
		VALUES ($1, $2, $3, $4, $5, $6, $7, {now})
		ON CONFLICT (place_id, kind, value) DO UPDATE SET except_ = excluded.except_, events = excluded.events, role = excluded.role
		RETURNING id, place_id, kind, value, except_, events, role, created_by, since`),
		sub.PlaceID, string(sub.Target.Kind), sub.Target.Value, array(except), int(sub.Events), sub.Role, sub.CreatedBy)
	if err != nil {
		return store.Subscription{}, fmt.Errorf("store the subscription: %w", explain(err))
	}
	return row.subscription(), nil
}

// Unsubscribe gives store.ErrNotFound when the place has no such subscription.
func (s *Store) Unsubscribe(ctx context.Context, placeID int64, t store.Target) error {
	result, err := s.write.ExecContext(ctx, "DELETE FROM subscriptions WHERE place_id = $1 AND kind = $2 AND lower(value) = lower($3)",
		placeID, string(t.Kind), t.Value)
	if err != nil {
		return fmt.Errorf("end the subscription: %w", err)
	}
	if n, err := result.RowsAffected(); err == nil && n == 0 {
		return fmt.Errorf("subscription to %s: %w", t, store.ErrNotFound)
	}
	return nil
}

// UnsubscribeAll ends every subscription of a place and says how many there were.
func (s *Store) UnsubscribeAll(ctx context.Context, placeID int64) (int, error) {
	result, err := s.write.ExecContext(ctx, "DELETE FROM subscriptions WHERE place_id = $1", placeID)
	if err != nil {
		return 0, fmt.Errorf("end the subscriptions: %w", err)
	}
	n, err := result.RowsAffected()
	return int(n), err
}

// Subscriptions gives a place's subscriptions, oldest first.
func (s *Store) Subscriptions(ctx context.Context, placeID int64) ([]store.Subscription, error) {
	var rows []subscriptionRow
	err := s.read.SelectContext(ctx, &rows, "SELECT "+subscriptionColumns+" FROM subscriptions s WHERE s.place_id = $1 ORDER BY s.id", placeID)
	if err != nil {
		return nil, fmt.Errorf("read the subscriptions: %w", err)
	}
	subs := make([]store.Subscription, len(rows))
	for i, r := range rows {
		subs[i] = r.subscription()
	}
	return subs, nil
}

// Listings gives the subscriptions of a whole workspace, place by place.
func (s *Store) Listings(ctx context.Context, platform store.Platform, workspace string) ([]store.Listing, error) {
	var rows []struct {
		subscriptionRow
		Place placeRow `db:"place"`
	}
	err := s.read.SelectContext(ctx, &rows, "SELECT "+subscriptionColumns+", "+joinedPlace+`
		FROM subscriptions s JOIN places p ON p.id = s.place_id WHERE p.platform = $1 AND p.workspace = $2 ORDER BY p.id, s.id`,
		string(platform), workspace)
	if err != nil {
		return nil, fmt.Errorf("read the subscriptions of the workspace: %w", err)
	}
	listings := make([]store.Listing, len(rows))
	for i, r := range rows {
		listings[i] = store.Listing{Place: r.Place.place(), Subscription: r.subscription()}
	}
	return listings, nil
}

// SetMute stores a mute in place of an earlier one of the same project.
func (s *Store) SetMute(ctx context.Context, m store.Mute) error {
	_, err := s.write.ExecContext(ctx, `INSERT INTO mutes (place_id, project_id, until, catch_up) VALUES ($1, $2, $3, $4)
		ON CONFLICT (place_id, project_id) DO UPDATE SET until = excluded.until, catch_up = excluded.catch_up`,
		m.PlaceID, m.ProjectID, s.dialect.stamp(m.Until), m.CatchUp)
	if err != nil {
		return fmt.Errorf("store the mute: %w", err)
	}
	return nil
}
