package app

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"sparkbot/config"
	"sparkbot/notify/deliver"
	"sparkbot/store"
	"sparkbot/store/storetest"
)

// roleEnv turns the test binary into another process of the story.
const roleEnv = "SPARKBOT_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleEnv) {
	case "":
		os.Exit(storetest.Main(m))
	case "serve":
		os.Exit(fail(serveProcess()))
	case "writer":
		os.Exit(fail(writerProcess()))
	case "lock":
		os.Exit(fail(lockProcess()))
	case "sql":
		os.Exit(fail(sqlProcess()))
	}
}

func fail(err error) int {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// serveProcess is `sparkbot serve`, without the command line around it.
func serveProcess() error {
	outlastFullDisks()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	c, err := config.Load(config.Source{Environ: os.Environ()})
	if err != nil {
		return err
	}
	o := Options{Log: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	if text := os.Getenv("SPARKBOT_TEST_LEASE"); text != "" {
		lease, err := time.ParseDuration(text)
		if err != nil {
			return err
		}
		o.tune = func(d *deliver.Options) {
			d.Lease, d.SendTimeout = lease, lease/2
			d.Limits, d.Budgets = map[store.Platform]deliver.Limit{store.Discord: {}, store.Slack: {}}, nil
		}
	}
	a, err := New(ctx, c, o)
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	return a.Run(ctx)
}

// writerProcess is a program that knows nothing of the bot but its tables.
func writerProcess() error {
	db, err := openOutside(os.Getenv("SPARKBOT_TEST_URL"))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	age, err := time.ParseDuration(os.Getenv("SPARKBOT_TEST_AGE"))
	if err != nil {
		return err
	}
	_, err = db.Exec(`INSERT INTO moves (project_id, title, summary, source_url, spark, occurred_at)
		SELECT id, $1, 'Told by another process.', $2, $3, $4 FROM projects WHERE slug = $5`,
		os.Getenv("SPARKBOT_TEST_TITLE"), "https://example.org/"+os.Getenv("SPARKBOT_TEST_TITLE"), true,
		time.Now().Add(-age).UTC().Format(time.RFC3339), os.Getenv("SPARKBOT_TEST_SLUG"))
	return err
}

// sqlProcess is a program that runs one statement.
func sqlProcess() error {
	db, err := openOutside(os.Getenv("SPARKBOT_TEST_URL"))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	_, err = db.Exec(os.Getenv("SPARKBOT_TEST_QUERY"))
	return err
}

// elsewhere runs a statement in another process.
func elsewhere(t *testing.T, url, query string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), roleEnv+"=sql", "SPARKBOT_TEST_URL="+url, "SPARKBOT_TEST_QUERY="+query)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("another process runs %s: %v\n%s", query, err, out)
	}
}

// openOutside opens the database with nothing of ours between.
func openOutside(url string) (*sql.DB, error) {
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		return sql.Open("sqlite", path+"?_pragma=busy_timeout(5000)")
	}
	return sql.Open("postgres", url)
}

// storeSpark stores a spark of the project from another process.
func storeSpark(t *testing.T, url, slug, title string) {
	t.Helper()
	storeOldSpark(t, url, slug, title, 0)
}

// storeOldSpark stores one that happened some time ago.
func storeOldSpark(t *testing.T, url, slug, title string, age time.Duration) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), roleEnv+"=writer", "SPARKBOT_TEST_URL="+url, "SPARKBOT_TEST_SLUG="+slug, "SPARKBOT_TEST_TITLE="+title, "SPARKBOT_TEST_AGE="+age.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("another process stores a spark: %v\n%s", err, out)
	}
}

// eventually waits for ok, looking again whenever something may have changed.
func eventually(t *testing.T, what string, within time.Duration, ok func() bool) {
	t.Helper()
	limit := time.NewTimer(within)
	defer limit.Stop()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for !ok() {
		select {
		case <-look.C:
		case <-limit.C:
			t.Fatalf("waited %s in vain: %s", within, what)
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		}
	}
}
