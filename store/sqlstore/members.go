package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"sparkbot/store"
)

// Join records that holder is a member of a pool for ttl from now, by the
// database's clock, and uses what decide gives of the limit they share. decide
// is told of the others whose time has not lapsed, in the order in which they
// joined; while it decides nobody else can. Package pace does the rest.
func (s *Store) Join(ctx context.Context, pool, holder string, ttl time.Duration, decide func(others []store.Member) (share int)) error {
	err := s.within(ctx, func(tx *sqlx.Tx) error {
		if err := s.holdPool(ctx, tx, pool, holder); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, s.dialect.sql("DELETE FROM members WHERE pool = $1 AND until_at <= {now}"), pool); err != nil {
			return err
		}
		var rows []struct {
			Holder   string `db:"holder"`
			Share    int    `db:"share"`
			JoinedAt moment `db:"joined_at"`
		}
		if err := tx.SelectContext(ctx, &rows, "SELECT holder, share, joined_at FROM members WHERE pool = $1 AND holder <> $2 ORDER BY joined_at, holder",
			pool, holder); err != nil {
			return err
		}
		others := make([]store.Member, len(rows))
		for i, r := range rows {
			others[i] = store.Member{Holder: r.Holder, Share: r.Share, JoinedAt: r.JoinedAt.Time}
		}
		_, err := tx.ExecContext(ctx, s.dialect.sql(`INSERT INTO members (pool, holder, share, joined_at, until_at) VALUES ($1, $2, $3, {now}, {in $4})
			ON CONFLICT (pool, holder) DO UPDATE SET share = excluded.share, until_at = excluded.until_at`),
			pool, holder, decide(others), ttl.Milliseconds())
		return err
	})
	if err != nil {
		return fmt.Errorf("join the pool %s: %w", pool, err)
	}
	return nil
}

// holdPool keeps others from deciding about the pool until tx ends. PostgreSQL
// ends it when its client is silent for 2 s, as one on a dead network is; on
// SQLite the one writer holds everything already.
func (s *Store) holdPool(ctx context.Context, tx *sqlx.Tx, pool, holder string) error {
	if s.dialect.name == onSQLite.name {
		return nil
	}
	if _, err := tx.ExecContext(ctx, "SELECT set_config('idle_in_transaction_session_timeout', '2000', true)"); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, s.dialect.sql(`INSERT INTO leases (name, holder, until_at) VALUES ($1, $2, {now})
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_at = excluded.until_at`), "pool "+pool, holder)
	return err
}

// Leave ends a membership after a while, by the database's clock.
func (s *Store) Leave(ctx context.Context, pool, holder string, after time.Duration) error {
	if _, err := s.write.ExecContext(ctx, s.dialect.sql("UPDATE members SET until_at = {in $3} WHERE pool = $1 AND holder = $2 AND until_at > {in $3}"),
		pool, holder, after.Milliseconds()); err != nil {
		return fmt.Errorf("leave the pool %s: %w", pool, err)
	}
	return nil
}
