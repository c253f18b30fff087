package sqlstore

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"sparkbot/store"
)

// open is the condition of the partial indexes. SQLite uses one only where it
// finds these very words.
const open = "state IN ('waiting', 'held', 'sending')"

// blocked tests whether it is not yet the turn of delivery d: something earlier
// of its place is open, or news while d is a digest. What is held counts from the moment it is due, so that
// the messages of a mute come in their order when it ends. %[1]s is now.
//
// It counts instead of asking EXISTS because PostgreSQL turns the latter into a
// join over all that is open while its tables have no statistics.
const blocked = `(SELECT count(*) FROM (SELECT 1 FROM deliveries b WHERE b.place_id = d.place_id AND (b.rank, b.id) < (d.rank, d.id)
	AND b.state IN ('waiting', 'held', 'sending') AND (b.state <> 'held' OR b.wake_at <= %[1]s) LIMIT 1) x) > 0`

// ranks are those of the queue, in the order in which they are served: all news
// before any digest.
const ranks = 2

// crowded tests whether anything else of the place of delivery d is open. Mostly
// nothing is, and then nothing blocks it, nor could join it.
const crowded = `(SELECT count(*) FROM (SELECT 1 FROM deliveries b WHERE b.place_id = d.place_id AND b.id <> d.id
	AND b.state IN ('waiting', 'held', 'sending') LIMIT 1) x) > 0`

const candidateColumns = deliveryColumns + ", " + crowded + " AS crowded"

// candidates are due deliveries of one rank, oldest first. Arguments: $1 now, $2
// platform, $3 places to skip, $4 workspaces to skip, $5 limit, $6 rank, $7 until when
// their place rests at most.
const candidates = "SELECT " + candidateColumns + ` FROM deliveries d
	WHERE d.platform = $2 AND d.rank = $6 AND d.` + open + ` AND NOT d.parked AND d.wake_at <= $1
	AND d.place_id NOT IN (SELECT CAST(value AS bigint) FROM {elements $3} e)
	AND (SELECT p.disabled_at IS NULL AND (p.rest_until IS NULL OR p.rest_until <= $7) AND p.workspace NOT IN (SELECT value FROM {elements $4} e) FROM places p WHERE p.id = d.place_id)
	ORDER BY d.wake_at, d.id LIMIT $5{skip}`

type candidate struct {
	deliveryRow
	Crowded bool `db:"crowded"`
	Blocked bool `db:"-"`
	// More is set when others that are open could be told with it, or were to be.
	More bool `db:"-"`
}

// again reports whether an earlier lease of it ran out.
func (c candidate) again() bool { return c.State == string(store.StateSending) }

const (
	// closer is how many candidates are looked at once the first of them did not
	// yield enough.
	closer = 1000
	// rounds bounds how long the first claims wait for others to join them: no
	// more than so many transactions, each of which looks at closer candidates.
	rounds = 4
)

// Claim leases due deliveries to the caller, at most one of each place, oldest
// first. A lease that ran out counts as an attempt, because the message may have
// been sent; such a claim has Again set, and UnsureAt at the latest since that
// lease began.
func (s *Store) Claim(ctx context.Context, r store.ClaimRequest) ([]store.Claimed, error) {
	var all []store.Claimed
	for _, platform := range r.Platforms {
		claimed, err := s.claimOf(ctx, r, platform, r.Limit-len(all))
		all = append(all, claimed...)
		switch {
		case err == nil:
		case len(all) == 0:
			return nil, fmt.Errorf("claim deliveries: %w", err)
		default:
			s.log.Warn("a claim ended early; the next one meets what is wrong", "claimed", len(all), "error", err)
			return all, nil // what is leased must reach the caller
		}
	}
	return all, nil
}

// claimOf claims deliveries to one platform, in transactions of bounded size. Of
// a place that was met before its turn only the head is looked at from then on.
func (s *Store) claimOf(ctx context.Context, r store.ClaimRequest, platform store.Platform, limit int) (all []store.Claimed, err error) {
	look, more := limit, true
	for round := 0; more && len(all) < limit && (round < rounds || len(all) == 0); round++ {
		var claimed []store.Claimed
		err := s.within(ctx, func(tx *sqlx.Tx) (err error) {
			var found []candidate
			if found, err = s.candidates(ctx, tx, r, platform, look); err != nil {
				return err
			}
			more, look = len(found) == look, max(limit, closer)
			if err := s.lookAround(ctx, tx, r, found); err != nil {
				return err
			}
			early, err := s.park(ctx, tx, r.Now, found)
			if err != nil {
				return err
			}
			r.SkipPlaces = append(early, r.SkipPlaces...)
			if found, err = s.withHeads(ctx, tx, r, found, early); err != nil {
				return err
			}
			claimed, err = s.lease(ctx, tx, r, found, limit-len(all))
			return err
		})
		if err != nil {
			return all, err
		}
		all = append(all, claimed...)
	}
	return all, nil
}

func (s *Store) candidates(ctx context.Context, tx *sqlx.Tx, r store.ClaimRequest, platform store.Platform, look int) (found []candidate, err error) {
	var workspaces []string
	for _, w := range r.SkipWorkspaces {
		if w.Platform == platform {
			workspaces = append(workspaces, w.ID)
		}
	}
	for rank := 0; rank < ranks && len(found) < look; rank++ {
		var some []candidate
		err := tx.SelectContext(ctx, &some, s.dialect.sql(candidates), s.dialect.stamp(r.Now), string(platform), array(r.SkipPlaces), array(workspaces),
			look-len(found), rank, s.dialect.stamp(r.Now.Add(r.Early)))
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	return found, nil
}

// surroundings are what crowded candidates are asked about. Arguments: $1 their
// ids, $2 now, $3 whether any company counts.
var surroundings = "SELECT d.id, " + fmt.Sprintf(blocked, "$2") + ` AS blocked,
	(d.kind IN ('alert', 'trend') AND (SELECT count(*) FROM (SELECT 1 FROM deliveries b WHERE b.place_id = d.place_id AND b.kind IN ('alert', 'trend')
		AND b.` + open + ` AND b.id <> d.id AND ($3 OR b.held OR b.merged_into = d.id) LIMIT 1) x) > 0) AS more
	FROM deliveries d WHERE d.id IN (SELECT CAST(value AS bigint) FROM {elements $1} e)`

// lookAround finds which of the candidates are blocked, and which have company.
func (s *Store) lookAround(ctx context.Context, tx *sqlx.Tx, r store.ClaimRequest, found []candidate) error {
	at := map[int64]int{}
	var ids []int64
	for i, c := range found {
		if c.Crowded {
			at[c.ID] = i
			ids = append(ids, c.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var rows []struct {
		ID      int64 `db:"id"`
		Blocked bool  `db:"blocked"`
		More    bool  `db:"more"`
	}
	if err := tx.SelectContext(ctx, &rows, s.dialect.sql(surroundings), array(ids), s.dialect.stamp(r.Now), r.Company); err != nil {
		return err
	}
	for _, row := range rows {
		found[at[row.ID]].Blocked, found[at[row.ID]].More = row.Blocked, row.More
	}
	return nil
}

// lease takes those of the candidates whose turn it is, up to limit.
func (s *Store) lease(ctx context.Context, tx *sqlx.Tx, r store.ClaimRequest, found []candidate, limit int) ([]store.Claimed, error) {
	var leased []candidate
	var ids []int64
	for _, c := range found {
		if !c.Blocked && len(ids) < limit {
			ids = append(ids, c.ID)
			leased = append(leased, c)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	var shown []revisionRow
	if err := tx.SelectContext(ctx, &shown, s.dialect.sql(`UPDATE deliveries SET fence = fence + 1, wake_at = $2,
		attempt = attempt + CASE WHEN state = 'sending' THEN 1 ELSE 0 END,
		unsure_at = CASE WHEN state = 'sending' THEN coalesce(unsure_at, begun_at, created_at) ELSE unsure_at END,
		revision = CASE WHEN state = 'sending' OR unsure_at IS NOT NULL THEN revision
			ELSE coalesce((SELECT m.revision FROM moves m WHERE m.id = deliveries.move_id), 0) END,
		begun_at = $3, state = 'sending'
		WHERE id IN (SELECT CAST(value AS bigint) FROM {elements $1} e) RETURNING id, revision`),
		array(ids), s.dialect.stamp(r.Now.Add(r.Lease)), s.dialect.stamp(r.Now)); err != nil {
		return nil, err
	}
	return s.claims(ctx, tx, leased, shown, r)
}
