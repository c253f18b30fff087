package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Hold takes the lease called name for holder, or renews it, until ttl from now
// by the database's clock; ttl is in whole milliseconds. False means that
// another holds it. Package lease does the rest.
func (s *Store) Hold(ctx context.Context, name, holder string, ttl time.Duration) (bool, error) {
	var got string
	err := s.write.GetContext(ctx, &got, s.dialect.sql(`INSERT INTO leases (name, holder, until_at) VALUES ($1, $2, {in $3})
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_at = excluded.until_at
		WHERE leases.holder = excluded.holder OR leases.until_at <= {now} RETURNING holder`), name, holder, ttl.Milliseconds())
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("hold the lease %q: %w", name, err)
	}
	return true, nil
}

// Release gives a lease up, if it is holder's.
func (s *Store) Release(ctx context.Context, name, holder string) error {
	if _, err := s.write.ExecContext(ctx, "DELETE FROM leases WHERE name = $1 AND holder = $2", name, holder); err != nil {
		return fmt.Errorf("release the lease %q: %w", name, err)
	}
	return nil
}
