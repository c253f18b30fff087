package app

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"sparkbot/config"
	"sparkbot/notify/velocity"
	"sparkbot/store"
	"sparkbot/store/ingest"
	"sparkbot/store/sqlstore"
)

// apiStore is the database as the API sees it.
type apiStore struct{ *sqlstore.Store }

// Within runs do in one transaction, with the rules of an import.
func (s apiStore) Within(ctx context.Context, do func(ingest.Transaction) error) error {
	return s.Import(ctx, func(tx *sqlstore.Import) error { return do(tx) })
}

// newAPI makes the API for the tokens of the configuration.
func newAPI(db *sqlstore.Store, c config.API, now func() time.Time, log *slog.Logger) http.Handler {
	var tokens []ingest.Token
	if c.Token != "" {
		tokens = append(tokens, ingest.Token{Name: "api.token", Secret: c.Token.Reveal()})
	}
	for _, t := range c.Tokens {
		tokens = append(tokens, ingest.Token{Name: t.Name, Secret: t.Token.Reveal(), Projects: t.Projects, Categories: t.Categories})
	}
	return ingest.NewAPI(apiStore{db}, ingest.Options{Tokens: tokens, PerMinute: c.RequestsPerMinute, Read: reading, Now: now, Log: log})
}

// reading is the velocity that cards show.
func reading(p store.Project, pulse []store.Move, told []store.Snapshot, at time.Time) ingest.Reading {
	r := velocity.ReadTold(p, pulse, velocity.ToldOf(told), at)
	return ingest.Reading{Velocity: r.Value, Change: r.Change, Trend: string(r.Trend)}
}
