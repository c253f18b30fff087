package sqlstore

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"sparkbot/store"
)

// rest notes until when places are to be left alone, for the claims of other
// replicas. Most settlements ask for nothing.
func (s *Store) rest(ctx context.Context, tx *sqlx.Tx, settlements []store.Settlement, places map[int64]int64) error {
	type rest struct {
		Place int64 `json:"place"`
		Until any   `json:"until"`
	}
	var all []rest
	for _, one := range settlements {
		if place, ended := places[one.DeliveryID]; ended && !one.RestUntil.IsZero() {
			all = append(all, rest{place, s.dialect.json(one.RestUntil)})
		}
	}
	if len(all) == 0 {
		return nil
	}
	from := "jsonb_to_recordset(CAST($1 AS jsonb)) AS x(place bigint, until timestamptz)"
	if s.dialect.name == onSQLite.name {
		from = "(SELECT value ->> 'place' AS place, value ->> 'until' AS until FROM json_each($1)) AS x"
	}
	_, err := tx.ExecContext(ctx, "UPDATE places SET rest_until = x.until FROM "+from+" WHERE places.id = x.place", array(all))
	return err
}

// tellRests adds to claims until when their places rest, if they do at now.
func (s *Store) tellRests(ctx context.Context, tx *sqlx.Tx, claimed []store.Claimed, now time.Time) error {
	of := make(map[int64]*store.Claimed, len(claimed)) // one of each place
	ids := make([]int64, len(claimed))
	for i := range claimed {
		ids[i], of[claimed[i].PlaceID] = claimed[i].PlaceID, &claimed[i]
	}
	where, args := some(ids, 2)
	var rows []struct {
		ID    int64  `db:"id"`
		Until moment `db:"rest_until"`
	}
	err := tx.SelectContext(ctx, &rows, s.dialect.sql("SELECT p.id, p.rest_until FROM places p WHERE p.rest_until > $1 AND p.id "+where),
		append([]any{s.dialect.stamp(now)}, args...)...)
	for _, row := range rows {
		if c := of[row.ID]; c != nil {
			c.RestUntil = row.Until.Time
		}
	}
	return err
}
