package sqlstore_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"sparkbot/store"
	"sparkbot/store/sqlstore"
	"sparkbot/store/storetest"
)

// releasedSchema is the schema of the first release.
const releasedSchema = 2

// recording is what the released program said to its database; see
// testdata/released/README.md.
type recording struct {
	Statements []string `json:"statements"`
	Before     []step   `json:"before"`
	During     []step   `json:"during"`
}

type step struct {
	Do        string `json:"do"` // begin, commit, rollback, exec, query or outside
	Statement int    `json:"statement"`
	Args      []any  `json:"args"`
	Rows      int    `json:"rows"`
}

func recorded(t *testing.T, dialect string) recording {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "released", dialect+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var r recording
	reader := json.NewDecoder(strings.NewReader(string(text)))
	reader.UseNumber()
	if err := reader.Decode(&r); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestTheReleasedProgramWorksOnEverySchemaSince lets the released program fill
// its own schema, brings that to each later one, lets the released program go on
// there as in a rolling deployment, and then the present program on the newest.
func TestTheReleasedProgramWorksOnEverySchemaSince(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		for _, version := range versionsSince(t, url, releasedSchema) {
			t.Run(fmt.Sprint("schema ", version), func(t *testing.T) {
				fresh := storetest.SQLite(t)
				if !strings.HasPrefix(url, "sqlite:") {
					fresh = storetest.Postgres(t)
				}
				u := &upgrade{t: t, url: fresh}
				u.open()
				u.to(releasedSchema)
				u.replay("before", u.tape.Before)
				u.to(version)
				u.replay("during", u.tape.During)
				u.goesOn()
			})
		}
	})
}

// TestTheReleasedProgramComesBack is the way back: the present program has used
// all of the newest schema, and every statement of the released one still works
// there. Which rows it finds is no longer what it once found.
func TestTheReleasedProgramComesBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		u := &upgrade{t: t, url: url}
		u.open()
		u.to(releasedSchema)
		u.replay("before", u.tape.Before)
		u.goesOn()
		u.modern()
		for i, s := range slices.Concat(u.tape.Before, u.tape.During) {
			if s.Do == "exec" || s.Do == "query" {
				if _, err := u.say(u.conn, s); err != nil && !expected(err) {
					t.Errorf("step %d: %v\n%s", i, err, u.tape.Statements[s.Statement])
				}
			}
		}
	})
}

// expected reports whether a statement failed for its rows and not for the
// schema: repeated out of its transaction, an insert meets itself.
func expected(err error) bool {
	text := strings.ToLower(err.Error())
	return strings.Contains(text, "unique") || strings.Contains(text, "foreign key")
}

// versionsSince gives the newest schema's migrations after one, from that on.
func versionsSince(t *testing.T, url string, first int64) []int64 {
	t.Helper()
	db, err := sqlstore.Open(t.Context(), url, sqlstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	all, err := db.MigrationStatus(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	versions := []int64{}
	for _, m := range all {
		if m.Version >= first {
			versions = append(versions, m.Version)
		}
	}
	if len(versions) < 3 {
		t.Fatalf("there are only the schemas %v", versions)
	}
	return versions
}

// upgrade is a database on its way from one schema to the next.
type upgrade struct {
	t       *testing.T
	url     string
	db      *sqlstore.Store
	outside *sql.DB
	conn    *sql.Conn // the released program's
	steps   *goose.Provider
	tape    recording
}

func (u *upgrade) open() {
	u.t.Helper()
	var err error
	if u.db, err = sqlstore.Open(u.t.Context(), u.url, sqlstore.Options{}); err != nil {
		u.t.Fatal(err)
	}
	u.t.Cleanup(func() { _ = u.db.Close() })
	if u.outside, err = storetest.OpenOutside(u.url); err != nil {
		u.t.Fatal(err)
	}
	u.t.Cleanup(func() { _ = u.outside.Close() })
	dialect := map[string]goose.Dialect{"sqlite": goose.DialectSQLite3, "postgres": goose.DialectPostgres}[u.db.Dialect()]
	u.steps, err = goose.NewProvider(dialect, u.outside, os.DirFS(filepath.Join("migrations", u.db.Dialect())), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		u.t.Fatal(err)
	}
	u.tape = recorded(u.t, u.db.Dialect())
	if u.conn, err = u.outside.Conn(u.t.Context()); err != nil {
		u.t.Fatal(err)
	}
	u.t.Cleanup(func() { _ = u.conn.Close() })
}

func (u *upgrade) to(version int64) {
	u.t.Helper()
	if _, err := u.steps.UpTo(u.t.Context(), version); err != nil {
		u.t.Fatal(err)
	}
}

// speaker is a connection or a transaction.
type speaker interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// replay says a part of the recording and checks that every statement finds or
// changes as many rows as it did for the released program.
func (u *upgrade) replay(part string, steps []step) {
	u.t.Helper()
	var tx *sql.Tx
	for i, s := range steps {
		var err error
		switch s.Do {
		case "begin":
			tx, err = u.conn.BeginTx(u.t.Context(), nil)
		case "commit":
			err, tx = tx.Commit(), nil
		case "rollback":
			err, tx = tx.Rollback(), nil
		default:
			var to speaker = u.conn
			if tx != nil && s.Do != "outside" {
				to = tx
			}
			var n int
			if n, err = u.say(to, s); err == nil && n != s.Rows {
				err = fmt.Errorf("%d rows, and %d for the released program", n, s.Rows)
			}
		}
		if err != nil {
			u.t.Fatalf("%s, step %d: %v\n%s\n%v", part, i, err, u.tape.Statements[s.Statement], s.Args)
		}
	}
}

// say sends one statement and counts its rows.
func (u *upgrade) say(to speaker, s step) (int, error) {
	args := make([]any, len(s.Args))
	for i, a := range s.Args {
		args[i] = u.argument(a)
	}
	query := u.tape.Statements[s.Statement]
	if s.Do != "query" {
		result, err := to.ExecContext(u.t.Context(), query, args...)
		if err != nil {
			return 0, err
		}
		n, err := result.RowsAffected()
		return int(n), err
	}
	rows, err := to.QueryContext(u.t.Context(), query, args...)
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }()
	n := 0
	for rows.Next() {
		n++
	}
	return n, rows.Err()
}

// argument is a recorded one as the driver takes it.
func (u *upgrade) argument(a any) any {
	switch a := a.(type) {
	case json.Number:
		if n, err := a.Int64(); err == nil {
			return n
		}
		f, err := a.Float64()
		if err != nil {
			u.t.Fatal(err)
		}
		return f
	case map[string]any:
		at := time.Now()
		if text, given := a["time"].(string); given {
			var err error
			if at, err = time.Parse(time.RFC3339Nano, text); err != nil {
				u.t.Fatal(err)
			}
		}
		if u.db.Dialect() == "sqlite" {
			return at.UnixMilli()
		}
		return at
	default:
		return a
	}
}

// goesOn brings the schema up to date and lets the present program send all that
// is owed.
func (u *upgrade) goesOn() {
	u.t.Helper()
	if _, err := u.db.Migrate(u.t.Context()); err != nil {
		u.t.Fatal(err)
	}
	now := time.Date(2040, 1, 2, 18, 0, 0, 0, time.UTC)
	sent := 0
	for range 20 {
		claimed, err := u.db.Claim(u.t.Context(), store.ClaimRequest{Platforms: []store.Platform{store.Discord, store.Slack}, Now: now, Lease: time.Minute, Limit: 10})
		if err != nil {
			u.t.Fatal(err)
		}
		settled := make([]store.Settlement, len(claimed))
		for i, c := range claimed {
			settled[i] = store.Settlement{DeliveryID: c.ID, Fence: c.Fence, Outcome: store.OutcomeSent, At: now, MessageID: "m"}
		}
		stale, _, err := u.db.Settle(u.t.Context(), settled)
		if err != nil || len(stale) > 0 {
			u.t.Fatalf("settling gives %v, %v", stale, err)
		}
		sent += len(claimed)
		if len(claimed) == 0 {
			break
		}
	}
	left := 0
	if err := u.outside.QueryRowContext(u.t.Context(), "SELECT count(*) FROM deliveries WHERE state IN ('waiting', 'sending')").Scan(&left); err != nil {
		u.t.Fatal(err)
	}
	if left > 0 || sent == 0 {
		u.t.Errorf("the present program sent %d of what was owed and left %d", sent, left)
	}
}

// modern has the present program write what the released one never knew.
func (u *upgrade) modern() {
	u.t.Helper()
	ctx, now := u.t.Context(), time.Date(2040, 1, 2, 19, 0, 0, 0, time.UTC)
	token := store.Sealed{KeyID: "k", Text: "t"}
	w := store.Workspace{Platform: store.Slack, ID: "T1"}
	err := u.db.PutInstallation(ctx, store.Installation{Workspace: w.ID, Name: "Acme", InstalledAt: now}, token)
	_, closing := u.db.CloseWorkspace(ctx, w, now, "the app was removed")
	_, opening := u.db.OpenWorkspace(ctx, w)
	if err := errors.Join(err, closing, opening); err != nil {
		u.t.Fatal(err)
	}
	if _, err := u.outside.ExecContext(ctx, "UPDATE places SET quiet_from = 60, quiet_to = 120, quiet_zone = 'UTC'"); err != nil {
		u.t.Fatal(err)
	}
}
