// Package sqlstore keeps sparkbot's data in SQLite or PostgreSQL. All SQL of the
// program stands here, and no error of a driver leaves it unexplained.
//
// It decides nothing: it does not know which change is worth an alert, whether a
// failed send is tried again, or what a message says.
package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
)

// Options may be left zero.
type Options struct {
	Logger *slog.Logger
	// Poll is how often Watch looks even if nothing was announced: every 6 s where it may
	// miss something, and else every 30, as those who watch should by themselves.
	Poll time.Duration
	// Failed, when set, is told why the database did not carry something out, in
	// one of the words Problem…. It must be quick.
	Failed func(problem string)
}

// Store is one database. It is safe for concurrent use.
type Store struct {
	dialect dialect
	write   *pool
	read    *pool  // the same as write on PostgreSQL
	facts   *pool  // reads of projects, moves and scores alone; the same as read on SQLite
	url     string // PostgreSQL's, with the password
	address string // SQLite's, with its pragmas
	log     *slog.Logger
	poll    time.Duration
	failed  func(problem string)

	mu    sync.Mutex
	wakes []chan struct{} // of the watchers in this process
	alone chan struct{}   // nil when another process is there, or may be
}

// Open opens the database at url: sqlite:PATH, a file that is created when it is
// missing, or postgres://…. It does not migrate. No error holds the password.
func Open(ctx context.Context, url string, o Options) (*Store, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Store{url: url, log: o.Logger, poll: o.Poll, failed: o.Failed}
	var err error
	switch {
	case strings.HasPrefix(url, "sqlite:"):
		err = s.openSQLite(ctx, strings.TrimPrefix(url, "sqlite:"))
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		err = s.openPostgres(ctx)
	default:
		return nil, errors.New("a database is sqlite:PATH or postgres://user:password@host:5432/database")
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Dialect is "sqlite" or "postgres".
func (s *Store) Dialect() string { return s.dialect.name }

// Close ends every connection.
func (s *Store) Close() error {
	err := s.write.Close()
	if s.read != s.write {
		err = errors.Join(s.read.Close(), err)
	}
	if s.facts != s.read {
		err = errors.Join(s.facts.Close(), err)
	}
	if err != nil {
		return fmt.Errorf("close the database: %w", err)
	}
	return nil
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	if err := s.read.GetContext(ctx, &one, "SELECT 1"); err != nil {
		return fmt.Errorf("the database does not answer: %w", err)
	}
	return nil
}

// within runs do in a transaction and commits it if do succeeds.
func (s *Store) within(ctx context.Context, do func(tx *sqlx.Tx) error) error {
	tx, err := s.write.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // without effect after a commit
	if err := do(tx); err != nil {
		return s.write.note(err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", s.write.note(err))
	}
	return nil
}
