package sqlstore

import (
	"context"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"sparkbot/store"
)

// A subscription hears of a project because it follows everything, the project, its
// category or one of its tags. Each of these ways is a query of its own along the
// index subscriptions_hearing, which gives its places in their order: a chunk then
// costs what is in it, however many hear of the project and however many do not.
// One query with OR reads and sorts all of them for every chunk.

// ways are the conditions of subscription s, one for each way. Arguments as in
// matchArgs.
func ways(e store.Expansion) []string {
	all := []string{
		// PostgreSQL wants every argument named, also where there is no tag.
		"s.kind = 'everything' AND lower(s.value) = '' AND CAST($4 AS text) <> ''",
		"s.kind = 'project' AND lower(s.value) = lower($2)",
		"s.kind = 'category' AND lower(s.value) = lower($3)",
	}
	for i := range e.Project.Tags {
		all = append(all, fmt.Sprintf("s.kind = 'tag' AND lower(s.value) = lower({item $4 %d})", i))
	}
	return all
}

// matchArgs are: $1 the place to begin after, $2 slug, $3 category, $4 tags as JSON,
// $5 events, $6 the time of the change.
func (s *Store) matchArgs(e store.Expansion, cursor int64) []any {
	return []any{cursor, e.Project.Slug, e.Project.Category, array(e.Project.Tags), int(e.Events), s.dialect.stamp(e.Change.At)}
}

// hearing selects the columns of the subscriptions s that hear of an expansion, each
// once: those of one way are of no other, but a tag named twice in two spellings.
func (s *Store) hearing(e store.Expansion, columns, also string) string {
	var all []string
	for _, way := range ways(e) {
		all = append(all, "SELECT * FROM (SELECT "+columns+" FROM subscriptions s WHERE "+way+
			" AND s.place_id > $1 AND s.since <= $6 AND (s.events & CAST($5 AS integer)) <> 0 AND NOT {contains s.except_, $2}"+also+") w")
	}
	return s.dialect.sql(strings.Join(all, " UNION ALL "))
}

// nextPlaces finds how far the next chunk reaches, and how many places it has.
func (s *Store) nextPlaces(ctx context.Context, tx *sqlx.Tx, e store.Expansion, cursor int64) (upTo int64, places int, err error) {
	var row struct {
		UpTo   int64 `db:"up_to"`
		Places int   `db:"places"`
	}
	err = tx.GetContext(ctx, &row, "SELECT coalesce(max(place_id), 0) AS up_to, count(*) AS places FROM (SELECT DISTINCT place_id FROM ("+
		s.hearing(e, "DISTINCT s.place_id", " ORDER BY s.place_id LIMIT $7")+") heard ORDER BY place_id LIMIT $7) chunk", append(s.matchArgs(e, cursor), e.Chunk)...)
	return row.UpTo, row.Places, err
}
