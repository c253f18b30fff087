package sqlstore

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"sparkbot/store"
)

// What is renewed must be as it is said to be. Of a share that means that the others are
// those, with those shares, of whom its holder was told last; it keeps nobody from
// deciding, and whoever decides meanwhile counts on the same share.
const (
	stays = `m.pool = a.name AND m.holder = a.holder AND m.share = a.share AND m.until_at > {now}
		AND a.others = (SELECT coalesce(string_agg(o.holder || '=' || o.share, ' ' ORDER BY o.joined_at, o.holder), '')
			FROM members o WHERE o.pool = a.name AND o.holder <> a.holder AND o.until_at > {now})`
	isHeld = `l.name = a.name AND l.holder = a.holder AND l.until_at > {now}`
	isGone = `l.name = a.name AND l.holder <> a.holder AND l.until_at > {now}`
)

// noShare stands for the share of a lease.
const noShare = -1

// Renew holds for longer what is as it is said to be, and says of each what came of it,
// in their order. It takes nothing, waits for no lock, and keeps nobody from deciding.
func (s *Store) Renew(ctx context.Context, all []store.Holding) ([]store.Tenure, error) {
	renew := s.renewAll
	if s.dialect.name == onSQLite.name {
		renew = s.renewEach
	}
	answers, err := renew(ctx, all)
	if err != nil {
		return nil, fmt.Errorf("renew what this process holds: %w", err)
	}
	return answers, nil
}

// asked is a holding as the queries read it.
func asked(h store.Holding) (name string, share int, others string) {
	if h.Lease != "" {
		return h.Lease, noShare, ""
	}
	same := make([]string, len(h.Others))
	for i, o := range h.Others {
		same[i] = o.Holder + "=" + strconv.Itoa(o.Share)
	}
	return h.Pool, h.Share, strings.Join(same, " ")
}

// renewAll asks once. What another transaction has locked at this moment is left alone,
// so that one holding does not wait for what holds up another.
func (s *Store) renewAll(ctx context.Context, all []store.Holding) ([]store.Tenure, error) {
	n := len(all)
	names, holders, others := make(pq.StringArray, n), make(pq.StringArray, n), make(pq.StringArray, n)
	shares, ttls := make(pq.Int64Array, n), make(pq.Int64Array, n)
	for i, h := range all {
		name, share, beside := asked(h)
		names[i], holders[i], others[i], shares[i], ttls[i] = name, h.Holder, beside, int64(share), h.TTL.Milliseconds()
	}
	rows, err := s.write.QueryxContext(ctx, renewal, names, holders, shares, others, ttls) //nolint:sqlclosecheck // closed below
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	answers := make([]store.Tenure, n)
	for rows.Next() {
		var i int
		var tenure store.Tenure
		if err := rows.Scan(&i, &tenure); err != nil {
			return nil, err
		}
		answers[i-1] = tenure
	}
	return answers, rows.Err()
}

// renewal is the text of renewAll.
var renewal = onPostgres.sql(fmt.Sprintf(`WITH a AS MATERIALIZED (
		SELECT * FROM unnest(CAST($1 AS text[]), CAST($2 AS text[]), CAST($3 AS bigint[]), CAST($4 AS text[]), CAST($5 AS bigint[]))
			WITH ORDINALITY AS a(name, holder, share, others, ttl, n)),
	stays AS MATERIALIZED (SELECT a.* FROM a JOIN members m ON %[1]s WHERE a.share >= 0 FOR UPDATE OF m SKIP LOCKED),
	holds AS MATERIALIZED (SELECT a.* FROM a JOIN leases l ON %[2]s WHERE a.share < 0 FOR UPDATE OF l SKIP LOCKED),
	stayed AS (UPDATE members m SET until_at = {in a.ttl} FROM stays a WHERE m.pool = a.name AND m.holder = a.holder RETURNING a.n),
	held AS (UPDATE leases l SET until_at = {in a.ttl} FROM holds a WHERE l.name = a.name RETURNING a.n)
	SELECT n, %[4]d FROM stayed UNION ALL SELECT n, %[4]d FROM held
	UNION ALL SELECT a.n, %[5]d FROM a JOIN leases l ON %[3]s WHERE a.share < 0`, stays, isHeld, isGone, store.Renewed, store.Anothers))

// renewEach asks for one after the other.
func (s *Store) renewEach(ctx context.Context, all []store.Holding) ([]store.Tenure, error) {
	answers := make([]store.Tenure, len(all))
	err := s.within(ctx, func(tx *sqlx.Tx) error {
		for i, h := range all {
			name, share, others := asked(h)
			query, args := "UPDATE members AS m SET until_at = {in a.ttl} FROM (SELECT $1 AS name, $2 AS holder, $3 AS ttl, $4 AS share, $5 AS others) a WHERE "+stays,
				[]any{name, h.Holder, h.TTL.Milliseconds(), share, others}
			if h.Lease != "" {
				query, args = "UPDATE leases AS l SET until_at = {in a.ttl} FROM (SELECT $1 AS name, $2 AS holder, $3 AS ttl) a WHERE "+isHeld, args[:3]
			}
			done, err := tx.ExecContext(ctx, s.dialect.sql(query), args...)
			if err != nil {
				return err
			}
			n, err := done.RowsAffected()
			if err != nil {
				return err
			}
			if n > 0 {
				answers[i] = store.Renewed
				continue
			}
			var gone bool
			if err := tx.GetContext(ctx, &gone, s.dialect.sql("SELECT EXISTS (SELECT 1 FROM leases l, (SELECT $1 AS name, $2 AS holder) a WHERE "+isGone+")"),
				h.Lease, h.Holder); err != nil {
				return err
			}
			if gone {
				answers[i] = store.Anothers
			}
		}
		return nil
	})
	return answers, err
}
