package sqlstore_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"sparkbot/store"
	"sparkbot/store/sqlstore"
	"sparkbot/store/storetest"
)

// TestWhatTheFirstSchemaOwesIsStillSent upgrades a database whose queue is not
// empty.
func TestWhatTheFirstSchemaOwesIsStillSent(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		db, err := sqlstore.Open(t.Context(), url, sqlstore.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		outside, err := storetest.OpenOutside(url)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = outside.Close() }()
		dialect := map[string]goose.Dialect{"sqlite": goose.DialectSQLite3, "postgres": goose.DialectPostgres}[db.Dialect()]
		old, err := goose.NewProvider(dialect, outside, os.DirFS(filepath.Join("migrations", db.Dialect())), goose.WithDisableGlobalRegistry(true))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := old.UpTo(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		stamp := func(at time.Time) any {
			if db.Dialect() == "sqlite" {
				return at.UnixMilli()
			}
			return at
		}
		if _, err := outside.ExecContext(t.Context(), "INSERT INTO places (platform, workspace, channel) VALUES ('slack', 'T', 'C')"); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"test:1", "test:2"} {
			if _, err := outside.ExecContext(t.Context(), "INSERT INTO deliveries (place_id, kind, key, wake_at, give_up_at) SELECT id, 'test', $1, $2, $3 FROM places",
				key, stamp(now), stamp(now.Add(time.Hour))); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := db.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		var sent []string
		for range 2 {
			claimed, err := db.Claim(t.Context(), store.ClaimRequest{Platforms: []store.Platform{store.Slack}, Now: now.Add(time.Second), Lease: time.Minute, Limit: 5})
			if err != nil || len(claimed) != 1 {
				t.Fatalf("the claim gives %+v, %v", claimed, err)
			}
			sent = append(sent, claimed[0].Key)
			if _, _, err := db.Settle(t.Context(), []store.Settlement{{DeliveryID: claimed[0].ID, Fence: claimed[0].Fence, Outcome: store.OutcomeSent, At: now}}); err != nil {
				t.Fatal(err)
			}
		}
		if got := strings.Join(sent, " "); got != "test:1 test:2" {
			t.Errorf("it sends %s", got)
		}
	})
}
