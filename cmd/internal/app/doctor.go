package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"sparkbot/config"
	"sparkbot/store"
	"sparkbot/store/sqlstore"
)

// examineTimeout bounds one check.
const examineTimeout = 15 * time.Second

// Doctor checks what the bot needs to run, writes a line for each check and
// reports whether all passed. It changes nothing, but that an SQLite file which
// is missing is made, empty.
func Doctor(ctx context.Context, c *config.Config, w io.Writer) (healthy bool) {
	return (&doctor{c: c, w: w, now: time.Now, free: freeBytes, healthy: true}).examine(ctx)
}

// doctor is one examination.
type doctor struct {
	c       *config.Config
	w       io.Writer
	now     func() time.Time
	free    func(dir string) (bytes uint64, known bool)
	healthy bool
	app     *App // built, never run
}

func (d *doctor) line(name, text string) { _, _ = fmt.Fprintf(d.w, "%-16s %s\n", name, text) }

func (d *doctor) say(name string, err error) {
	verdict := "ok"
	if err != nil {
		d.healthy, verdict = false, "FAILED  "+err.Error()
	}
	d.line(name, verdict)
}

// check runs one check within its time.
func (d *doctor) check(ctx context.Context, name string, run func(context.Context) error) bool {
	ctx, cancel := context.WithTimeout(ctx, examineTimeout)
	defer cancel()
	err := run(ctx)
	d.say(name, err)
	return err == nil
}

func (d *doctor) examine(ctx context.Context) bool {
	for _, hint := range Hints(d.c) {
		d.line("note", hint)
	}
	log := slog.New(slog.DiscardHandler)
	db, err := sqlstore.Open(ctx, d.c.Database.URL.Reveal(), sqlstore.Options{Logger: log})
	if err != nil {
		d.say("database", err)
		return d.healthy
	}
	defer func() { _ = db.Close() }()
	ready := d.database(ctx, db)
	d.app = &App{db: db, metrics: newMetrics(), log: log, now: d.now, kick: make(chan struct{}, 1)}
	quiet := *d.c
	quiet.HTTP.Listen = "off"
	if err := d.app.build(&quiet, Options{Log: log, Now: d.now}); err != nil {
		d.say("platforms", err)
		return d.healthy
	}
	discord, slack := d.discord(ctx), d.slack(ctx, ready)
	d.clocks(ctx, db)
	d.web(ctx)
	if ready {
		d.places(ctx, map[store.Platform]bool{store.Discord: discord, store.Slack: slack})
		d.feeds(ctx)
	}
	return d.healthy
}

// database reports whether the schema is there.
func (d *doctor) database(ctx context.Context, db *sqlstore.Store) (ready bool) {
	d.check(ctx, "database", db.Ping)
	ready = d.check(ctx, "schema", func(ctx context.Context) error { return schema(ctx, db) })
	if db.Dialect() == "sqlite" {
		d.check(ctx, "disk", func(ctx context.Context) error { return d.room(db.Path(ctx)) })
	} else {
		d.check(ctx, "notifications", db.Hear)
	}
	return ready
}

// schema says whether migrations are missing.
func schema(ctx context.Context, db *sqlstore.Store) error {
	all, err := db.MigrationStatus(ctx)
	if err != nil {
		return err
	}
	for _, m := range all {
		if m.AppliedAt.IsZero() {
			return errors.New("migrations are missing; run `sparkbot migrate up`, or start `sparkbot serve` with database.migrate true")
		}
	}
	return nil
}

// feeds tells which feeds were not read the last time, and why.
func (d *doctor) feeds(ctx context.Context) {
	if d.app.feeds == nil {
		return
	}
	d.check(ctx, "feeds", func(ctx context.Context) error {
		var problems []error
		for _, s := range d.app.feeds.Sources() {
			states, err := d.app.db.FeedStates(ctx, []string{s.Key()})
			if err != nil {
				return err
			}
			if st := states[s.Key()]; st.Failures > 0 {
				problems = append(problems, fmt.Errorf("%s of %s was not read %d times in a row: %s", s.Shown(), s.Project, st.Failures, st.Problem))
			}
			if _, err := d.app.db.ProjectBySlug(ctx, s.Project); errors.Is(err, store.ErrNotFound) {
				problems = append(problems, fmt.Errorf("there is no project %q for %s; import it, or mend the slug in sources", s.Project, s.Shown()))
			}
		}
		return errors.Join(problems...)
	})
}
