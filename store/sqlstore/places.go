package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"sparkbot/store"
)

type placeRow struct {
	ID             int64  `db:"id"`
	Platform       string `db:"platform"`
	Workspace      string `db:"workspace"`
	Channel        string `db:"channel"`
	DisabledAt     moment `db:"disabled_at"`
	DisabledReason string `db:"disabled_reason"`
	GoneAt         moment `db:"gone_at"`
	ProbeAt        moment `db:"probe_at"`
	QuietFrom      int    `db:"quiet_from"`
	QuietTo        int    `db:"quiet_to"`
	QuietZone      string `db:"quiet_zone"`
	QuietCatchUp   bool   `db:"quiet_catch_up"`
	CreatedAt      moment `db:"created_at"`
}

const placeColumns = "id, platform, workspace, channel, disabled_at, disabled_reason, gone_at, probe_at, quiet_from, quiet_to, quiet_zone, quiet_catch_up, created_at"

// fields are where a row of placeColumns is scanned to, for those who read thousands.
func (r *placeRow) fields() []any {
	return []any{
		&r.ID, &r.Platform, &r.Workspace, &r.Channel, &r.DisabledAt, &r.DisabledReason, &r.GoneAt, &r.ProbeAt,
		&r.QuietFrom, &r.QuietTo, &r.QuietZone, &r.QuietCatchUp, &r.CreatedAt,
	}
}

// joinedPlace are the columns of place p for a row that holds it as "place".
const joinedPlace = `p.id AS "place.id", p.platform AS "place.platform", p.workspace AS "place.workspace", p.channel AS "place.channel",
	p.disabled_at AS "place.disabled_at", p.disabled_reason AS "place.disabled_reason", p.gone_at AS "place.gone_at",
	p.probe_at AS "place.probe_at", p.quiet_from AS "place.quiet_from",
	p.quiet_to AS "place.quiet_to", p.quiet_zone AS "place.quiet_zone", p.quiet_catch_up AS "place.quiet_catch_up", p.created_at AS "place.created_at"`

func (r placeRow) place() store.Place {
	return store.Place{
		ID: r.ID, Platform: store.Platform(r.Platform), Workspace: r.Workspace, Channel: r.Channel,
		DisabledAt: r.DisabledAt.Time, DisabledReason: r.DisabledReason, GoneAt: r.GoneAt.Time, ProbeAt: r.ProbeAt.Time,
		Quiet:     store.Quiet{From: r.QuietFrom, To: r.QuietTo, Zone: r.QuietZone, CatchUp: r.QuietCatchUp},
		CreatedAt: r.CreatedAt.Time,
	}
}

// EnsurePlace gives the place at an address and makes it if there is none. A
// disabled place stays disabled.
func (s *Store) EnsurePlace(ctx context.Context, p store.Place) (store.Place, error) {
	var row placeRow
	// The update changes nothing; it makes RETURNING give the row that is there.
	err := s.write.GetContext(ctx, &row, `INSERT INTO places (platform, workspace, channel) VALUES ($1, $2, $3)
		ON CONFLICT (platform, workspace, channel) DO UPDATE SET channel = excluded.channel RETURNING `+placeColumns,
		string(p.Platform), p.Workspace, p.Channel)
	if err != nil {
		return store.Place{}, fmt.Errorf("store the place: %w", explain(err))
	}
	return row.place(), nil
}

// PlaceAt gives store.ErrNotFound when no place has the address.
func (s *Store) PlaceAt(ctx context.Context, platform store.Platform, workspace, channel string) (store.Place, error) {
	var row placeRow
	err := s.read.GetContext(ctx, &row, "SELECT "+placeColumns+" FROM places WHERE platform = $1 AND workspace = $2 AND channel = $3",
		string(platform), workspace, channel)
	if errors.Is(err, sql.ErrNoRows) {
		return store.Place{}, fmt.Errorf("place %s %s/%s: %w", platform, workspace, channel, store.ErrNotFound)
	}
	if err != nil {
		return store.Place{}, fmt.Errorf("read the place: %w", err)
	}
	return row.place(), nil
}
