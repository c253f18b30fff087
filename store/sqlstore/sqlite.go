package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"time"

	"github.com/jmoiron/sqlx"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Pragmas stand in the address so that every connection of the pool has them.
// synchronous(FULL) makes a commit survive a power cut: in WAL mode NORMAL may
// lose the last commits, and a lost "sent" mark would double a message. The log is
// moved to the file at 2,000 pages, 8 MB, and not at SQLite's 1,000: a fan-out writes the
// same pages again and again, and waits each time. moveLog moves what is left before
// another program has to, which would feel 4,000.
const sqlitePragmas = "_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=recursive_triggers(0)&_pragma=wal_autocheckpoint(2000)&_txlock=immediate"

// readerPragmas are those of the connections that read. There are several, so each
// keeps half of the pages that SQLite keeps by default, 1 MB; the system has the
// rest of the file at hand.
const readerPragmas = "&mode=ro&_pragma=cache_size(-1000)"

// openSQLite opens one connection that writes and a pool that only reads, so
// that readers never wait for the writer nor meet SQLITE_BUSY.
func (s *Store) openSQLite(ctx context.Context, path string) error {
	s.dialect = onSQLite
	address := "file:" + (&url.URL{Path: path}).EscapedPath() + "?"
	s.address = address + sqlitePragmas
	write, err := connectSQLite(ctx, s.address)
	if err != nil {
		return fmt.Errorf("open the SQLite file %s: %w; check that its folder exists and may be written", path, err)
	}
	write.SetMaxOpenConns(1)
	read, err := connectSQLite(ctx, s.address+readerPragmas)
	if err != nil {
		_ = write.Close()
		return fmt.Errorf("open the SQLite file %s for reading: %w", path, err)
	}
	readers := max(4, runtime.NumCPU())
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers) // one that is opened again reads the schema again
	s.write, s.read = &pool{write, s.failed}, &pool{read, s.failed}
	s.facts = s.read
	return nil
}

// openPatience is how often a busy file is tried, a tenth of a second apart.
const openPatience = 100

// connectSQLite connects, again when another process is just turning the file
// to WAL mode, for which SQLite does not wait as it does for other locks.
func connectSQLite(ctx context.Context, address string) (db *sqlx.DB, err error) {
	wait := time.NewTicker(100 * time.Millisecond)
	defer wait.Stop()
	connector, err := sqlite.NewConnector(address)
	if err != nil {
		return nil, err
	}
	for range openPatience {
		db = sqlx.NewDb(sql.OpenDB(preparing{connector}), "sqlite")
		if err = db.PingContext(ctx); err != nil {
			_ = db.Close()
		}
		if e, busy := errors.AsType[*sqlite.Error](err); !busy || e.Code()&0xff != sqlite3.SQLITE_BUSY {
			return db, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-wait.C:
		}
	}
	return nil, err
}
