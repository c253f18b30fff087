package sqlstore

import (
	"context"

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
