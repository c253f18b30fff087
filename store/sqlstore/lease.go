package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// lease keeps two processes from migrating one SQLite file at the same time,
// for which goose has nothing: a row that names its holder and when it lapses.
type lease struct{ holder string }

// leaseSeconds outlasts any migration; a holder that died is waited for no
// longer than this.
const (
	leaseSeconds = 60
	leaseLook    = 50 * time.Millisecond
)

func newLease() *lease { return &lease{uuid.NewString()} }

// Lock waits until the row is free or has lapsed, and takes it.
func (l *lease) Lock(ctx context.Context, db *sql.DB) error {
	if _, err := db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS schema_lease (
		id INTEGER PRIMARY KEY CHECK (id = 1), holder TEXT NOT NULL, until INTEGER NOT NULL)`); err != nil {
		return fmt.Errorf("make the migration lease: %w", err)
	}
	look := time.NewTicker(leaseLook)
	defer look.Stop()
	for {
		var holder string
		err := db.QueryRowContext(ctx, `INSERT INTO schema_lease (id, holder, until) VALUES (1, $1, unixepoch() + $2)
			ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, until = excluded.until
			WHERE schema_lease.until <= unixepoch() RETURNING holder`, l.holder, leaseSeconds).Scan(&holder)
		if err == nil {
			return nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("take the migration lease: %w", err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for another process that migrates: %w", ctx.Err())
		case <-look.C:
		}
	}
}

// Unlock frees the row if it is still held.
func (l *lease) Unlock(ctx context.Context, db *sql.DB) error {
	if _, err := db.ExecContext(ctx, `DELETE FROM schema_lease WHERE id = 1 AND holder = $1`, l.holder); err != nil {
		return fmt.Errorf("free the migration lease: %w", err)
	}
	return nil
}
