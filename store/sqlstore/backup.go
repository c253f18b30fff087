package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
)

// ErrNotSQLite says that a database is backed up with tools of its own.
var ErrNotSQLite = errors.New("a PostgreSQL database is backed up with pg_dump, as in `pg_dump --format=custom --file=FILE DATABASE_URL`, and brought back with pg_restore")

// Backup writes the database as it stands at one instant to a new file at path,
// while others go on reading and writing, and checks the copy before it gets its
// name. A file that is there is not overwritten. It gives the size in bytes.
func (s *Store) Backup(ctx context.Context, path string) (size int64, err error) {
	if s.dialect.name != onSQLite.name {
		return 0, ErrNotSQLite
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("back up to %s: %w; give the name of a file that is not there yet", path, fs.ErrExist)
	}
	partial := path + ".partial"
	if err := os.Remove(partial); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("remove what an earlier backup left: %w", err)
	}
	defer func() { _ = os.Remove(partial) }()
	if err := s.copyInto(ctx, partial); err != nil {
		return 0, err
	}
	if err := s.verify(ctx, partial); err != nil {
		return 0, fmt.Errorf("check the backup: %w; the database itself may be damaged, keep earlier backups", err)
	}
	if size, err = settleFile(partial); err != nil {
		return 0, fmt.Errorf("back up to %s: %w", path, err)
	}
	// A link fails where a rename would overwrite what somebody made meanwhile.
	if err := os.Link(partial, path); errors.Is(err, fs.ErrExist) {
		return 0, fmt.Errorf("back up to %s: %w; give the name of a file that is not there yet", path, fs.ErrExist)
	} else if err != nil {
		if err := os.Rename(partial, path); err != nil { // a file system without links
			return 0, fmt.Errorf("back up to %s: %w", path, err)
		}
	}
	return size, nil
}

// copyInto writes a copy on a connection of its own, which holds a read lock and
// so keeps no writer waiting (https://www.sqlite.org/lang_vacuum.html#vacuuminto).
func (s *Store) copyInto(ctx context.Context, path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // VACUUM INTO takes an empty file
	if err != nil {
		return fmt.Errorf("make the backup's file: %w", err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("make the backup's file: %w", err)
	}
	db, err := sql.Open("sqlite", s.address)
	if err != nil {
		return fmt.Errorf("open the database for a backup: %w", err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(ctx, "VACUUM INTO $1", path); err != nil {
		return fmt.Errorf("copy the database: %w; is there room for a second copy of it?", err)
	}
	return nil
}

// verify reads the whole copy, and looks for what every database of ours has.
func (s *Store) verify(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?mode=ro&immutable=1")
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return fmt.Errorf("SQLite says: %s", verdict)
	}
	var orphans int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM pragma_foreign_key_check").Scan(&orphans); err != nil {
		return err
	}
	if orphans > 0 {
		return fmt.Errorf("%d rows belong to rows that are not there", orphans)
	}
	var here, there int
	const tables = "SELECT count(*) FROM sqlite_master"
	if err := db.QueryRowContext(ctx, tables).Scan(&there); err != nil {
		return err
	}
	if err := s.read.GetContext(ctx, &here, tables); err != nil {
		return err
	}
	if here != there {
		return fmt.Errorf("it has %d tables, indexes and triggers of %d", there, here)
	}
	return nil
}

// settleFile makes what was written survive a power cut.
func settleFile(path string) (size int64, err error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), file.Sync()
}
