package sqlstore_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"sparkbot/store/sqlstore"
	"sparkbot/store/storetest"
)

// migrateEnv holds the address that a process of this test binary migrates
// instead of running tests.
const migrateEnv = "SPARKBOT_TEST_MIGRATE"

func TestMain(m *testing.M) {
	if url := os.Getenv(migrateEnv); url != "" {
		os.Exit(migrateAlone(url))
	}
	// A game of the queue's machine takes a second with the race detector; more of
	// them are played with -rapid.checks=1000.
	if err := flag.Set("rapid.checks", "30"); err != nil {
		panic(err)
	}
	os.Exit(storetest.Main(m))
}

// migrateAlone prints how many migrations it applied.
func migrateAlone(url string) int {
	db, err := sqlstore.Open(context.Background(), url, sqlstore.Options{})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer func() { _ = db.Close() }()
	steps, err := db.Migrate(context.Background())
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println(len(steps))
	return 0
}

// TestManyProcessesMigrateAtOnce starts six processes on one empty database.
func TestManyProcessesMigrateAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		var group sync.WaitGroup
		said := make(chan string, 6)
		for range 6 {
			group.Go(func() {
				cmd := exec.CommandContext(t.Context(), os.Args[0])
				cmd.Env = append(os.Environ(), migrateEnv+"="+url)
				out, err := cmd.CombinedOutput()
				if err != nil {
					t.Errorf("a process failed: %v\n%s", err, out)
				}
				said <- strings.TrimSpace(string(out))
			})
		}
		group.Wait()
		close(said)
		count := map[string]int{}
		for line := range said {
			count[line]++
		}
		if len(count) != 2 || count["0"] != 5 {
			t.Errorf("they applied %v migrations, want one all and five none", count)
		}
	})
}

func TestStore(t *testing.T) { storetest.Run(t) }

// TestManyMigrateAtOnce starts a dozen stores on one empty database, as
// replicas of a deployment do.
func TestManyMigrateAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		var group sync.WaitGroup
		applied := make(chan int, 12)
		for range 12 {
			group.Go(func() {
				db, err := sqlstore.Open(t.Context(), url, sqlstore.Options{})
				if err != nil {
					t.Error(err)
					return
				}
				defer func() { _ = db.Close() }()
				steps, err := db.Migrate(t.Context())
				if err != nil {
					t.Error(err)
				}
				applied <- len(steps)
			})
		}
		group.Wait()
		close(applied)
		workers := 0
		for n := range applied {
			if n > 0 {
				workers++
			}
		}
		if workers != 1 {
			t.Errorf("%d of 12 applied the migrations, want one", workers)
		}
	})
}

func TestOpenSaysWhatIsWrongAndNoPassword(t *testing.T) {
	for _, url := range []string{
		"mysql://u:hunter2@localhost/x", "postgres://u:hunter2@127.0.0.1:1/x?sslmode=disable", "postgres://u:hunter2@[/x",
		"sqlite:" + t.TempDir() + "/no/such/folder/x.db",
	} {
		db, err := sqlstore.Open(t.Context(), url, sqlstore.Options{})
		if err == nil {
			_ = db.Close()
			t.Errorf("%s was opened", url)
			continue
		}
		if text := fmt.Sprintf("%v %+v", err, err); strings.Contains(text, "hunter2") {
			t.Errorf("the error shows the password: %s", text)
		}
	}
}

// TestARoleThatMayOnlyWriteTheOpenTables writes as a program whose role was given
// nothing of ours.
func TestARoleThatMayOnlyWriteTheOpenTables(t *testing.T) {
	w := storetest.NewWorld(t, storetest.Postgres(t))
	w.Project("session", "COMMS")
	conn, err := w.Outside.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	role := fmt.Sprintf("writer_%d", os.Getpid())
	for _, query := range []string{
		"CREATE ROLE " + role,
		"GRANT SELECT ON projects TO " + role, "GRANT SELECT, INSERT, UPDATE ON moves TO " + role,
		"SET ROLE " + role,
		"INSERT INTO moves (project_id, title, source_url, occurred_at) SELECT id, 'Told', 'https://x.org', now() FROM projects",
		"UPDATE moves SET spark = true",
		"RESET ROLE", "DROP OWNED BY " + role, "DROP ROLE " + role,
	} {
		if _, err := conn.ExecContext(t.Context(), query); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
	if got := w.Kinds(); got != "stored sparked" {
		t.Errorf("its writes are noticed as %q", got)
	}
}
