package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"sparkbot/config"
	"sparkbot/store/sqlstore"
)

// Doctor checks what the bot needs to run, writes a line for each check and
// reports whether all passed. It changes nothing, but that an SQLite file which
// is missing is made, empty.
func Doctor(ctx context.Context, c *config.Config, w io.Writer) (healthy bool) {
	healthy = true
	say := func(name string, err error) {
		verdict := "ok"
		if err != nil {
			healthy, verdict = false, "FAILED  "+err.Error()
		}
		_, _ = fmt.Fprintf(w, "%-14s %s\n", name, verdict)
	}
	for _, hint := range Hints(c) {
		_, _ = fmt.Fprintf(w, "%-14s %s\n", "note", hint)
	}
	db, err := sqlstore.Open(ctx, c.Database.URL.Reveal(), sqlstore.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		say("database", err)
		return healthy
	}
	defer func() { _ = db.Close() }()
	say("database", db.Ping(ctx))
	say("schema", schema(ctx, db))
	a := &App{db: db, metrics: newMetrics(), log: slog.New(slog.DiscardHandler), kick: make(chan struct{}, 1)}
	quiet := *c
	quiet.HTTP.Listen = "off"
	if err := a.build(&quiet, Options{Log: a.log}); err != nil {
		say("platforms", err)
		return healthy
	}
	if a.discord != nil {
		say("discord token", a.discord.Accepted(ctx))
		if link, err := a.discord.InstallLink(ctx); err == nil {
			_, _ = fmt.Fprintf(w, "%-14s %s\n", "add to Discord", link)
		}
	}
	if a.slack != nil {
		if c.Slack.OAuth() {
			say("slack", a.slack.Accepted(ctx))
			a.installed(ctx, say)
		} else {
			say("slack token", a.slack.Accepted(ctx))
		}
	}
	return healthy
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
