package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Migrations only ever add: the previous version of the program goes on working
// on the new schema while a deployment rolls.
//
//go:embed migrations
var migrations embed.FS

// Migration is one step of the schema. AppliedAt is zero while it is missing.
type Migration struct {
	Version   int64
	Name      string
	AppliedAt time.Time
}

// Migrate applies what is missing and gives what it applied. Processes that
// migrate at the same time wait for each other.
func (s *Store) Migrate(ctx context.Context) ([]Migration, error) {
	var applied []Migration
	err := s.withProvider(func(p *goose.Provider) error {
		results, err := p.Up(ctx)
		for _, r := range results {
			applied = append(applied, Migration{Version: r.Source.Version, Name: stepName(r.Source.Path)})
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("bring the schema up to date: %w", err)
	}
	return applied, nil
}

// MigrationStatus gives every migration of this version, oldest first.
func (s *Store) MigrationStatus(ctx context.Context) ([]Migration, error) {
	var all []Migration
	err := s.withProvider(func(p *goose.Provider) error {
		status, err := p.Status(ctx)
		for _, m := range status {
			all = append(all, Migration{Version: m.Source.Version, Name: stepName(m.Source.Path), AppliedAt: m.AppliedAt})
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the state of the schema: %w", err)
	}
	return all, nil
}

func stepName(file string) string {
	_, name, _ := strings.Cut(strings.TrimSuffix(path.Base(file), ".sql"), "_")
	return name
}

// withProvider hands goose a pool of its own, because it holds one connection
// while it uses another, and the pool that writes SQLite has only one.
func (s *Store) withProvider(do func(*goose.Provider) error) error {
	db, close, err := s.migrationPool()
	if err != nil {
		return err
	}
	defer close()
	steps, err := fs.Sub(migrations, path.Join("migrations", s.dialect.name))
	if err != nil {
		return err
	}
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	dialect := goose.DialectSQLite3
	if s.dialect.name == onPostgres.name {
		dialect = goose.DialectPostgres
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 120))
		if err != nil {
			return err
		}
		options = append(options, goose.WithSessionLocker(locker))
	} else {
		options = append(options, goose.WithLocker(newLease()))
	}
	provider, err := goose.NewProvider(dialect, db, steps, options...)
	if err != nil {
		return err
	}
	return do(provider)
}

func (s *Store) migrationPool() (db *sql.DB, done func(), err error) {
	if s.dialect.name == onPostgres.name {
		return s.write.DB.DB, func() {}, nil
	}
	db, err = sql.Open("sqlite", s.address)
	if err != nil {
		return nil, nil, err
	}
	return db, func() { _ = db.Close() }, nil
}
