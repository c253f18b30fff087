package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/lib/pq"  // the driver named postgres
	_ "modernc.org/sqlite" // the driver named sqlite

	"sparkbot/store/storetest"
)

// server is a PostgreSQL of the bench's own, with the settings PostgreSQL comes
// with: a commit is on the disk when it is answered.
type server struct {
	url  string
	stop func()
}

// database is one that holds the bot's schema, opened as any other program
// would.
type database struct {
	kind string // sqlite or postgres
	url  string // as sparkbot takes it
	db   *sql.DB
	move int // how many moves were stored
}

// open makes an empty database with the bot's schema in it.
func (b *bench) open(ctx context.Context, kind string) (*database, error) {
	d := &database{kind: kind}
	var err error
	switch kind {
	case "sqlite":
		path := filepath.Join(b.dir, fmt.Sprintf("%d.db", time.Now().UnixNano()))
		d.url = "sqlite:" + path
		d.db, err = sql.Open("sqlite", path+"?_pragma=busy_timeout(10000)&_pragma=synchronous(FULL)")
	case "postgres":
		if b.postgres == nil {
			url, stop, err := storetest.Durable("-c", "shared_preload_libraries=pg_stat_statements")
			if err != nil {
				return nil, fmt.Errorf("start PostgreSQL: %w", err)
			}
			b.postgres = &server{url, stop}
		}
		if d.url, err = b.postgres.create(ctx); err == nil {
			d.db, err = sql.Open("postgres", d.url)
		}
	default:
		err = fmt.Errorf("there is no database %q; it is sqlite or postgres", kind)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", kind, err)
	}
	migrate := exec.CommandContext(ctx, b.program, "migrate", "up")
	migrate.Dir, migrate.Env = b.dir, []string{"SPARKBOT_DATABASE_URL=" + d.url, "HOME=" + b.dir}
	if out, err := migrate.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("migrate: %w\n%s", err, out)
	}
	return d, nil
}

func (d *database) close() { _ = d.db.Close() }

// create makes a database on the server.
func (s *server) create(ctx context.Context) (string, error) {
	db, err := sql.Open("postgres", s.url)
	if err != nil {
		return "", fmt.Errorf("reach PostgreSQL: %w", err)
	}
	defer func() { _ = db.Close() }()
	name := fmt.Sprintf("bench_%d", time.Now().UnixNano())
	if _, err := db.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
		return "", fmt.Errorf("make a database: %w", err)
	}
	return strings.Replace(s.url, "/postgres?", "/"+name+"?", 1), nil
}

// numbers gives the SQL of the numbers 0 to n-1 as column i.
func (d *database) numbers(n int) string {
	if d.kind == "sqlite" {
		return fmt.Sprintf("(WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c WHERE i + 1 < %d) SELECT i FROM c)", n)
	}
	return fmt.Sprintf("(SELECT i FROM generate_series(0, %d) AS t(i))", n-1)
}

// hex gives the SQL of i as eight hexadecimal digits.
func (d *database) hex(i string) string {
	if d.kind == "sqlite" {
		return "printf('%08X', " + i + ")"
	}
	return "upper(lpad(to_hex(" + i + "), 8, '0'))"
}

// The projects of a filled database: one that every Slack channel follows, one
// that every Discord channel follows, and those that one channel each follows.
const (
	everybody = "session"
	paced     = "paced"
	singles   = 200
)

// fill stores the projects, n places on Slack and m on Discord.
func (d *database) fill(ctx context.Context, n, m int) error {
	subscribe := "INSERT INTO subscriptions (place_id, kind, value, except_, events, role, created_by) SELECT id, 'project', %s, '[]', 1, '', 'U1' FROM places WHERE %s"
	for _, statement := range []string{
		"INSERT INTO projects (slug, name, category, tagline) VALUES ('session', 'Session', 'COMMS', 'Private messenger'), ('paced', 'Paced', 'DATA', 'Followed on Discord')",
		"INSERT INTO projects (slug, name) SELECT 'single-' || (i + 1), 'Single ' || (i + 1) FROM " + d.numbers(singles) + " n",
		"INSERT INTO places (platform, workspace, channel) SELECT 'slack', '" + team + "', 'C' || " + d.hex("i") + " FROM " + d.numbers(n) + " n",
		"INSERT INTO places (platform, workspace, channel) SELECT 'discord', '1', CAST(1000000000 + i AS text) FROM " + d.numbers(max(m, 1)) + fmt.Sprintf(" n WHERE i < %d", m),
		fmt.Sprintf(subscribe, "'session'", "platform = 'slack'"),
		fmt.Sprintf(subscribe, "'paced'", "platform = 'discord'"),
		fmt.Sprintf(subscribe, "'single-' || id", fmt.Sprintf("platform = 'slack' AND id <= %d", singles)),
	} {
		if _, err := d.db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("fill the database: %w", err)
		}
	}
	if d.kind == "postgres" {
		if _, err := d.db.ExecContext(ctx, "ANALYZE"); err != nil {
			return fmt.Errorf("analyze: %w", err)
		}
	}
	// A subscription hears of what is stored after it, by the database's clock.
	time.Sleep(20 * time.Millisecond)
	return nil
}

// spark stores a spark of a project, as any program may, and gives when its
// transaction began and how long it took.
func (d *database) spark(ctx context.Context, slug string) (begun time.Time, took time.Duration, err error) {
	d.move++
	begun = time.Now()
	_, err = d.db.ExecContext(ctx, `INSERT INTO moves (project_id, title, summary, source_url, spark, occurred_at)
		SELECT id, $1, $2, $3, $4, $5 FROM projects WHERE slug = $6`,
		fmt.Sprintf("Protocol V2 enters public testing, part %d", d.move),
		"Anyone can now try the rebuilt protocol, with forward secrecy and post-quantum keys, on a test network.",
		fmt.Sprintf("https://example.org/bench/%d", d.move), true, begun.UTC().Format(time.RFC3339Nano), slug)
	if err != nil {
		return begun, 0, fmt.Errorf("store a spark: %w", err)
	}
	return begun, time.Since(begun), nil
}

// settled waits until nothing is owed any more, which the partial index on open
// deliveries answers quickly, and gives when that was seen.
func (d *database) settled(ctx context.Context) (time.Time, error) {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for range 100_000 {
		var open int
		err := d.db.QueryRowContext(ctx, "SELECT count(*) FROM deliveries WHERE state IN ('waiting', 'held', 'sending')").Scan(&open)
		if err != nil {
			return time.Time{}, fmt.Errorf("look for open deliveries: %w", err)
		}
		if open == 0 {
			return time.Now(), nil
		}
		select {
		case <-ctx.Done():
			return time.Time{}, ctx.Err()
		case <-tick.C:
		}
	}
	return time.Time{}, errors.New("deliveries stay open")
}

func freePort() (string, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}
