package sqlstore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"sparkbot/store"
)

type editionRow struct {
	ID        int64  `db:"id"`
	Variant   string `db:"variant"`
	Weekday   int    `db:"weekday"`
	Minute    int    `db:"minute"`
	Zone      string `db:"zone"`
	Follows   string `db:"follows"`
	Begin     moment `db:"begin_at"`
	End       moment `db:"end_at"`
	First     bool   `db:"first"`
	After     int64  `db:"after"`
	UpTo      int64  `db:"up_to"`
	SkipQuiet bool   `db:"skip_quiet"`
}

const editionColumns = "e.id, e.variant, e.weekday, e.minute, e.zone, e.follows, e.begin_at, e.end_at, e.first, e.after, e.up_to, e.skip_quiet"

func (r editionRow) edition() store.Edition {
	return store.Edition{
		ID: r.ID, Variant: store.Variant(r.Variant), Schedule: store.Schedule{Weekday: time.Weekday(r.Weekday), Minute: r.Minute, Zone: r.Zone},
		Follows: r.Follows, Begin: r.Begin.Time, End: r.End.Time, First: r.First, After: r.After, UpTo: r.UpTo, SkipQuiet: r.SkipQuiet,
	}
}

// editionName is the same for editions that say the same.
func editionName(e store.Edition) string {
	e.ID = 0
	e.Begin, e.End = e.Begin.UTC(), e.End.UTC()
	sum := sha256.Sum256(fmt.Appendf(nil, "%#v", []any{
		e.Variant, e.Schedule, e.Follows, e.Begin.UnixMilli(), e.End.UnixMilli(), e.First, e.After, e.UpTo, e.SkipQuiet,
	}))
	return hex.EncodeToString(sum[:16])
}

// editionArgument is one row of the JSON argument that stores editions.
type editionArgument struct {
	Name      string `json:"name"`
	Variant   string `json:"variant"`
	Weekday   int    `json:"weekday"`
	Minute    int    `json:"minute"`
	Zone      string `json:"zone"`
	Follows   string `json:"follows"`
	Begin     any    `json:"begin_at"`
	End       any    `json:"end_at"`
	First     bool   `json:"first"`
	After     int64  `json:"after"`
	UpTo      int64  `json:"up_to"`
	SkipQuiet bool   `json:"skip_quiet"`
}

// putEditions stores editions that are not there yet and gives the ids of all,
// in their order.
func (s *Store) putEditions(ctx context.Context, tx *sqlx.Tx, editions []store.Edition) ([]int64, error) {
	arguments := make([]editionArgument, len(editions))
	for i, e := range editions {
		arguments[i] = editionArgument{
			editionName(e), string(e.Variant), int(e.Schedule.Weekday), e.Schedule.Minute, e.Schedule.Zone, e.Follows,
			s.dialect.json(e.Begin), s.dialect.json(e.End), e.First, e.After, e.UpTo, e.SkipQuiet,
		}
	}
	const columns = "name, variant, weekday, minute, zone, follows, begin_at, end_at, first, after, up_to, skip_quiet"
	from := `jsonb_to_recordset(CAST($1 AS jsonb)) AS x(name text, variant text, weekday integer, minute integer, zone text, follows text,
		begin_at timestamptz, end_at timestamptz, first boolean, after bigint, up_to bigint, skip_quiet boolean)`
	if s.dialect.name == onSQLite.name {
		from = `(SELECT value ->> 'name' AS name, value ->> 'variant' AS variant, value ->> 'weekday' AS weekday, value ->> 'minute' AS minute,
			value ->> 'zone' AS zone, value ->> 'follows' AS follows, value ->> 'begin_at' AS begin_at, value ->> 'end_at' AS end_at,
			value ->> 'first' AS first, value ->> 'after' AS after, value ->> 'up_to' AS up_to, value ->> 'skip_quiet' AS skip_quiet
			FROM json_each($1)) AS x`
	}
	var rows []struct {
		ID   int64  `db:"id"`
		Name string `db:"name"`
	}
	// The update changes nothing; it makes RETURNING give the row that is there.
	// In the order of names, so that two processes cannot wait for each other.
	err := tx.SelectContext(ctx, &rows, "INSERT INTO editions ("+columns+") SELECT "+columns+" FROM "+from+
		" WHERE true ORDER BY name ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id, name", array(arguments))
	if err != nil {
		return nil, err
	}
	byName := make(map[string]int64, len(rows))
	for _, r := range rows {
		byName[r.Name] = r.ID
	}
	ids := make([]int64, len(arguments))
	for i, a := range arguments {
		ids[i] = byName[a.Name]
	}
	return ids, nil
}

// PutEdition stores an edition, unless the same is there, and gives it.
func (s *Store) PutEdition(ctx context.Context, e store.Edition) (store.Edition, error) {
	err := s.within(ctx, func(tx *sqlx.Tx) error {
		ids, err := s.putEditions(ctx, tx, []store.Edition{e})
		if err == nil {
			e.ID = ids[0]
		}
		return err
	})
	if err != nil {
		return store.Edition{}, fmt.Errorf("store the digest edition: %w", explain(err))
	}
	return e, nil
}

// Edition gives store.ErrNotFound when no edition has the id.
func (s *Store) Edition(ctx context.Context, id int64) (store.Edition, error) {
	return s.edition(ctx, "e.id = $1", id)
}

// EditionOf is Edition for one that a place was sent, and store.ErrNotFound for
// any other.
func (s *Store) EditionOf(ctx context.Context, placeID, id int64) (store.Edition, error) {
	return s.edition(ctx, "e.id = $1 AND EXISTS (SELECT 1 FROM deliveries d WHERE d.edition_id = e.id AND d.edition_id <> 0 AND d.place_id = $2)", id, placeID)
}

func (s *Store) edition(ctx context.Context, where string, args ...any) (store.Edition, error) {
	var row editionRow
	err := s.read.GetContext(ctx, &row, "SELECT "+editionColumns+" FROM editions e WHERE "+where, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return store.Edition{}, fmt.Errorf("digest edition %v: %w", args[0], store.ErrNotFound)
	}
	if err != nil {
		return store.Edition{}, fmt.Errorf("read digest edition %v: %w", args[0], err)
	}
	return row.edition(), nil
}

// PruneEditions forgets the editions that ended before a time and are owed to
// nobody any more, and says how many there were.
func (s *Store) PruneEditions(ctx context.Context, before time.Time) (int, error) {
	result, err := s.write.ExecContext(ctx, `DELETE FROM editions WHERE end_at < $1
		AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.edition_id = editions.id AND d.edition_id <> 0 AND d.`+open+`)`, s.dialect.stamp(before))
	if err != nil {
		return 0, fmt.Errorf("forget old digest editions: %w", err)
	}
	n, err := result.RowsAffected()
	return int(n), err
}
