package app

import (
	"log/slog"
	"time"

	"sparkbot/config"
	"sparkbot/store/feed"
	"sparkbot/store/sqlstore"
)

// newFeeds makes the reader of the configured sources, or nil when there are none.
func newFeeds(db *sqlstore.Store, c *config.Config, now func() time.Time, log *slog.Logger, read func(feed.Event)) *feed.Reader {
	if len(c.Feeds) == 0 {
		return nil
	}
	sources := make([]feed.Source, len(c.Feeds))
	for i, f := range c.Feeds {
		sources[i] = feed.Source{
			Project: f.Project, URL: f.URL, Kind: f.Kind, Interval: f.Interval, Title: f.Title, Summary: f.Summary,
			Sparks: feed.Sparks{Words: f.Words, Patterns: f.Patterns, Semver: f.Semver},
		}
	}
	return feed.New(db, feed.NewClient(c.SourcesAllow, now), feed.Options{Sources: sources, Now: now, Log: log, Read: read})
}
