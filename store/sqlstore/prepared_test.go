package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/jmoiron/sqlx"
)

// TestStatementsAreKeptAndStayRight runs the same texts through one connection in
// every way that could find a kept statement at the wrong moment.
func TestStatementsAreKeptAndStayRight(t *testing.T) {
	db := keeping(t)
	ctx := t.Context()
	const each = "SELECT n FROM numbers WHERE n > $1 ORDER BY n"
	sum := func(q sqlx.QueryerContext, after int) (sum int) {
		t.Helper()
		var all []int
		if err := sqlx.SelectContext(ctx, q, &all, each, after); err != nil {
			t.Fatal(err)
		}
		for _, n := range all {
			sum += n
		}
		return sum
	}
	for range 3 {
		if got := sum(db, 1); got != 5 {
			t.Errorf("the numbers after 1 sum up to %d, want 5", got)
		}
	}

	tx := db.MustBeginTx(ctx, nil)
	rows, err := tx.QueryContext(ctx, each, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	inner, outer := 0, 0
	for rows.Next() { // the same text, while its rows are read
		var n int
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
		outer += n
		inner += sum(tx, n)
	}
	if err := errors.Join(rows.Err(), tx.Rollback()); err != nil || outer != 6 || inner != 5+3 {
		t.Errorf("read within themselves they sum up to %d and %d (%v)", outer, inner, err)
	}

	db.MustExec("ALTER TABLE numbers ADD COLUMN word TEXT NOT NULL DEFAULT 'none'")
	if got := sum(db, 2); got != 3 {
		t.Errorf("after the table has changed they sum up to %d", got)
	}
	for range 2 {
		if _, err := db.ExecContext(ctx, "INSERT INTO numbers (n) VALUES ($1)", 3); err == nil {
			t.Error("a number is stored twice")
		}
	}
	db.MustExec("INSERT INTO numbers (n) VALUES ($1)", 4)
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := db.ExecContext(cancelled, "INSERT INTO numbers (n) VALUES ($1)", 5); !errors.Is(err, context.Canceled) {
		t.Errorf("after its context ended a statement gives %v", err)
	}
	if got := sum(db, 3); got != 4 {
		t.Errorf("after failures they sum up to %d", got)
	}
}

func TestKeptStatementsAreBounded(t *testing.T) {
	db := keeping(t)
	for i := range 3 * mostPrepared {
		var n int
		if err := db.GetContext(t.Context(), &n, fmt.Sprintf("SELECT $1 + %d", i), 1); err != nil || n != i+1 {
			t.Fatalf("1 + %d = %d, %v", i, n, err)
		}
	}
	conn, err := db.Connx(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.Raw(func(raw any) error {
		c, ok := raw.(*preparedConn)
		if !ok {
			return fmt.Errorf("the connection is a %T", raw)
		}
		if _, wrapped := c.Unwrap().(*preparedConn); wrapped {
			return errors.New("a wrapper wraps a wrapper")
		}
		if len(c.kept) == 0 || len(c.kept) > mostPrepared {
			return fmt.Errorf("%d statements are kept", len(c.kept))
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// TestADriverThatOffersLessIsTakenAsItIs connects through one that has only what
// database/sql demands.
func TestADriverThatOffersLessIsTakenAsItIs(t *testing.T) {
	conn, err := preparing{bare{}}.Connect(t.Context())
	if _, ok := conn.(bareConn); !ok || err != nil {
		t.Errorf("it gives a %T, %v", conn, err)
	}
}

type bare struct{ driver.Connector }

func (bare) Connect(context.Context) (driver.Conn, error) { return bareConn{}, nil }

type bareConn struct{ driver.Conn }

// keeping opens a file with one connection and the numbers 1 to 3 in it.
func keeping(t *testing.T) *sqlx.DB {
	t.Helper()
	db, err := connectSQLite(t.Context(), "file:"+filepath.Join(t.TempDir(), "kept.db")+"?"+sqlitePragmas)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	db.SetMaxOpenConns(1)
	db.MustExec("CREATE TABLE numbers (n INTEGER PRIMARY KEY)")
	db.MustExec("INSERT INTO numbers (n) VALUES (1), (2), (3)")
	return db
}
