package sqlstore

import (
	"context"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"sparkbot/store"
)

// A delivery that is met before its turn is parked: it leaves the index of what
// is due, and whoever ends an earlier one of its place takes the first parked
// one out again. So each is looked at in vain once at most, however long the
// queue of its place is.
//
// A parked delivery nobody takes out would never be sent. So whoever parks holds the
// row of the one before it, which then ends later: whoever ends it writes that row
// first, and looks for what is parked in a statement of its own after that. What else
// rearranges a place, such as a mute or its absence, holds the place's row.

// park parks the blocked ones of the candidates and gives their places. A place or
// a blocking delivery that another process holds is left as it is.
func (s *Store) park(ctx context.Context, tx *sqlx.Tx, now time.Time, found []candidate) (places []int64, err error) {
	for _, c := range found {
		if c.Blocked {
			places = append(places, c.PlaceID)
		}
	}
	if len(places) == 0 {
		return nil, nil
	}
	slices.Sort(places)
	places = slices.Compact(places)
	held := places
	if s.dialect.name == onPostgres.name {
		held = nil
		if err := tx.SelectContext(ctx, &held, s.dialect.sql(`SELECT p.id FROM places p
			WHERE p.id IN (SELECT CAST(value AS bigint) FROM {elements $1} e) FOR NO KEY UPDATE SKIP LOCKED`), array(places)); err != nil {
			return nil, err
		}
	}
	// All of what makes it block is asked for outside as well: PostgreSQL looks only at
	// that again where the row was written a moment ago, as by a record that holds it.
	var blocking []deliveryRow // by place one
	if err := tx.SelectContext(ctx, &blocking, s.dialect.sql("SELECT d.id, d.place_id, d.rank FROM deliveries d WHERE d.id IN ("+heads+") AND d."+open+
		" AND (d.state <> 'held' OR d.wake_at <= $2){skip}"),
		array(held), s.dialect.stamp(now)); err != nil {
		return nil, err
	}
	before := make(map[int64]deliveryRow, len(blocking))
	for _, b := range blocking {
		before[b.PlaceID] = b
	}
	var ids []int64
	for _, c := range found {
		if b, there := before[c.PlaceID]; there && c.Blocked && (b.Rank < c.Rank || b.Rank == c.Rank && b.ID < c.ID) {
			ids = append(ids, c.ID)
		}
	}
	if len(ids) == 0 {
		return places, nil
	}
	_, err = tx.ExecContext(ctx, s.dialect.sql("UPDATE deliveries SET parked = true WHERE id IN (SELECT CAST(value AS bigint) FROM {elements $1} e)"), array(ids))
	return places, err
}

// heads are the first open deliveries of places, which block all later ones. What is
// held blocks from the moment it is due. Arguments: $1 the places, $2 the time.
const heads = `SELECT (SELECT b.id FROM deliveries b WHERE b.place_id = CAST(e.value AS bigint)
	AND b.` + open + ` AND (b.state <> 'held' OR b.wake_at <= $2) ORDER BY b.rank, b.id LIMIT 1) FROM {elements $1} e`

// withHeads adds to the candidates the first open delivery of each place, where
// that is due.
func (s *Store) withHeads(ctx context.Context, tx *sqlx.Tx, r store.ClaimRequest, found []candidate, places []int64) ([]candidate, error) {
	if len(places) == 0 {
		return found, nil
	}
	var first []candidate
	err := tx.SelectContext(ctx, &first, s.dialect.sql("SELECT "+candidateColumns+` FROM deliveries d WHERE d.id IN (`+heads+`)
		AND d.`+open+` AND NOT d.parked AND d.wake_at <= $2 ORDER BY d.rank, d.wake_at, d.id{skip}`), array(places), s.dialect.stamp(r.Now))
	if err != nil {
		return nil, err
	}
	if err := s.lookAround(ctx, tx, r, first); err != nil {
		return nil, err
	}
	for _, head := range first {
		if !slices.ContainsFunc(found, func(c candidate) bool { return c.ID == head.ID }) {
			found = append(found, head)
		}
	}
	return found, nil
}

// unpark takes out the first parked delivery of each place, and of the places of
// deliveries, whose rows the caller holds. It reports whether there may have been one.
func (s *Store) unpark(ctx context.Context, tx *sqlx.Tx, places, deliveries []int64) (any bool, err error) {
	if len(places)+len(deliveries) == 0 {
		return false, nil
	}
	// Nearly always none is, which one look tells for all of the places. The order is
	// the index's, without which PostgreSQL looks through the whole table.
	var parked []int64
	if err := tx.SelectContext(ctx, &parked, "SELECT id FROM deliveries WHERE parked ORDER BY place_id, rank, id LIMIT 1"); err != nil || len(parked) == 0 {
		return false, err
	}
	if len(deliveries) > 0 {
		var more []int64
		if err := tx.SelectContext(ctx, &more, s.dialect.sql("SELECT place_id FROM deliveries WHERE id IN (SELECT CAST(value AS bigint) FROM {elements $1} e)"), array(deliveries)); err != nil {
			return false, err
		}
		places = append(more, places...)
	}
	_, err = tx.ExecContext(ctx, s.dialect.sql(`UPDATE deliveries SET parked = false WHERE id IN (
		SELECT (SELECT n.id FROM deliveries n WHERE n.parked AND n.`+open+`
			AND n.place_id = CAST(e.value AS bigint) ORDER BY n.rank, n.id LIMIT 1) FROM {elements $1} e)`),
		array(places))
	return true, err
}

// holdPlaces locks places for this transaction, in the order of their ids so that
// two processes cannot wait for each other. On SQLite the one writer holds
// everything already.
func (s *Store) holdPlaces(ctx context.Context, tx *sqlx.Tx, places []int64) error {
	if s.dialect.name == onSQLite.name || len(places) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, s.dialect.sql(`SELECT p.id FROM places p
		WHERE p.id IN (SELECT CAST(value AS bigint) FROM {elements $1} e) ORDER BY p.id FOR NO KEY UPDATE`), array(places))
	return err
}

// holdPlaceOf is holdPlaces for the place of one delivery.
func (s *Store) holdPlaceOf(ctx context.Context, tx *sqlx.Tx, delivery int64) error {
	if s.dialect.name == onSQLite.name {
		return nil
	}
	_, err := tx.ExecContext(ctx, "SELECT p.id FROM places p WHERE p.id = (SELECT d.place_id FROM deliveries d WHERE d.id = $1) FOR NO KEY UPDATE", delivery)
	return err
}

// holdPlace is holdPlaces for one place.
func (s *Store) holdPlace(ctx context.Context, tx *sqlx.Tx, id int64) error {
	if s.dialect.name == onSQLite.name {
		return nil
	}
	_, err := tx.ExecContext(ctx, "SELECT p.id FROM places p WHERE p.id = $1 FOR NO KEY UPDATE", id)
	return err
}
