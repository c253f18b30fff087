// Package storetest is the suite both databases pass, and the throwaway
// databases it and other rooms' tests run on.
//
// It is for tests alone; the program never imports it.
package storetest

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
)

// Each runs a story on a fresh SQLite file and on a fresh PostgreSQL database,
// neither of them migrated.
func Each(t *testing.T, story func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { story(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { story(t, Postgres(t)) })
}

// SQLite gives the address of a file that does not exist yet.
func SQLite(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "test.db")
}

// Log gives a log that writes to the test's own, and stops when the test ends,
// because what is still winding down may not write there any more.
func Log(t testing.TB) *slog.Logger {
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	return slog.New(slog.NewTextHandler(logWriter{t, ctx}, &slog.HandlerOptions{Level: slog.LevelInfo}))
}

type logWriter struct {
	t   testing.TB
	ctx context.Context
}

// Write passes one record on.
func (w logWriter) Write(p []byte) (int, error) {
	if w.ctx.Err() == nil {
		w.t.Logf("%s", p)
	}
	return len(p), nil
}
