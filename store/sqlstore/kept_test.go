package sqlstore_test

import (
	"context"
	"errors"
	"testing"

	"sparkbot/store/sqlstore"
	"sparkbot/store/storetest"
)

// TestKeptStatementsHeal has another program change a table under statements that are
// kept. PostgreSQL then refuses them once, whatever the text says.
func TestKeptStatementsHeal(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s, err := sqlstore.Open(t.Context(), url, sqlstore.Options{Logger: storetest.Log(t)})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		db := s.Writer()
		db.SetMaxOpenConns(1)
		const each = "SELECT n FROM numbers WHERE n > $1 ORDER BY n"
		read := func(after any) (all []int64, err error) {
			return all, db.SelectContext(t.Context(), &all, each, after)
		}
		// Several statements at once, as migrations are.
		db.MustExec("CREATE TABLE numbers (n integer PRIMARY KEY); INSERT INTO numbers (n) VALUES (1), (2), (3)")
		for range 3 {
			if all, err := read(1); err != nil || len(all) != 2 {
				t.Fatalf("after 1 come %v (%v)", all, err)
			}
		}
		for range 2 {
			if _, err := db.ExecContext(t.Context(), "INSERT INTO numbers (n) VALUES ($1)", 3); err == nil {
				t.Error("a number is stored twice")
			}
		}
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := db.ExecContext(cancelled, "INSERT INTO numbers (n) VALUES ($1)", 5); !errors.Is(err, context.Canceled) {
			t.Errorf("after its context ended a statement gives %v", err)
		}
		if s.Dialect() == "postgres" {
			db.MustExec("ALTER TABLE numbers ALTER COLUMN n TYPE bigint")
			if _, err := read(1); err == nil {
				t.Error("PostgreSQL runs a statement whose columns have changed; then nothing need heal")
			}
		} else {
			db.MustExec("ALTER TABLE numbers ADD COLUMN word TEXT NOT NULL DEFAULT 'none'")
		}
		db.MustExec("INSERT INTO numbers (n) VALUES ($1)", 4)
		if all, err := read(2); err != nil || len(all) != 2 {
			t.Errorf("after 2 come %v (%v)", all, err)
		}
	})
}
