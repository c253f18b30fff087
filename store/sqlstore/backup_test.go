package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sparkbot/store"
	"sparkbot/store/sqlstore"
	"sparkbot/store/storetest"
)

// TestABackupIsTakenWhileAWriterWrites restores a backup that was made in the
// middle of another program's work, and goes on with it.
func TestABackupIsTakenWhileAWriterWrites(t *testing.T) {
	w := storetest.NewWorld(t, storetest.SQLite(t))
	w.Project("session", "COMMS")
	w.Place("C1", store.Sparks|store.Moves, storetest.Everything)
	ctx, stop := context.WithCancel(t.Context())
	written, ended := make(chan int, 1000), make(chan error, 1)
	go func() {
		var err error
		for n := 1; ctx.Err() == nil && err == nil && n <= 2000; n++ {
			if _, err = w.Outside.ExecContext(t.Context(), `INSERT INTO moves (project_id, title, source_url, occurred_at)
				SELECT id, $1, $2, '2026-01-01T00:00:00Z' FROM projects`, fmt.Sprint("Move ", n), fmt.Sprint("https://x.org/", n)); err == nil {
				select {
				case written <- n:
				default:
				}
			}
		}
		ended <- err
	}()
	for range 20 { // the writer is in the middle of its work
		<-written
	}
	path := filepath.Join(t.TempDir(), "copy.db")
	size, err := w.DB.Backup(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 { // and was not held up for good
		<-written
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the writer failed: %v", err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Size() != size || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v; said was %d", info, err, size)
	}
	if left, err := filepath.Glob(path + "?*"); err != nil || len(left) != 0 {
		t.Errorf("beside the backup lie %v, %v", left, err)
	}

	restored := storetest.NewWorld(t, "sqlite:"+path)
	var count, last int
	if err := restored.Outside.QueryRow("SELECT count(*), max(CAST(substr(title, 6) AS INTEGER)) FROM moves").Scan(&count, &last); err != nil {
		t.Fatal(err)
	}
	if count < 20 || count != last {
		t.Errorf("the backup holds %d moves of the first %d: it is not one instant", count, last)
	}
	if changes := len(restored.Changes()); changes != min(count, 1000) {
		t.Errorf("%d changes of %d moves wait in it", changes, count)
	}
	restored.Move("session", "after the restore")
	if added := restored.Tell(store.Moves); added != min(count+1, 1000) {
		t.Errorf("the restored database owes %d deliveries", added)
	}
	if claimed := restored.Claim(restored.Now, 10); len(claimed) != 1 {
		t.Errorf("the restored database gives %d claims", len(claimed))
	}
}

func TestABackupIsRefused(t *testing.T) {
	w := storetest.NewWorld(t, storetest.SQLite(t))
	dir := t.TempDir()
	taken := filepath.Join(dir, "taken.db")
	if err := os.WriteFile(taken, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := w.DB.Backup(t.Context(), taken); !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), "not there yet") {
		t.Errorf("over a file: %v", err)
	}
	if text, err := os.ReadFile(taken); err != nil || string(text) != "precious" {
		t.Errorf("the file became %q, %v", text, err)
	}
	if _, err := w.DB.Backup(t.Context(), filepath.Join(dir, "no", "folder.db")); err == nil {
		t.Error("into a folder that is not there it was written")
	}
	damaged := storetest.NewWorld(t, storetest.SQLite(t))
	damaged.MustExec("PRAGMA foreign_keys = 0")
	conn, err := damaged.Outside.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	for _, query := range []string{"PRAGMA foreign_keys = 0", "INSERT INTO project_tags (project_id, tag) VALUES (4711, 'x')"} {
		if _, err := conn.ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "damaged.db")
	if _, err := damaged.DB.Backup(t.Context(), path); err == nil || !strings.Contains(err.Error(), "belong to rows that are not there") {
		t.Errorf("a damaged database: %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a backup that failed its check is there: %v", err)
	}
}

func TestAPostgresIsNotBackedUpHere(t *testing.T) {
	w := storetest.NewWorld(t, storetest.Postgres(t))
	if _, err := w.DB.Backup(t.Context(), filepath.Join(t.TempDir(), "x")); !errors.Is(err, sqlstore.ErrNotSQLite) || !strings.Contains(err.Error(), "pg_dump") {
		t.Errorf("a PostgreSQL database: %v", err)
	}
}

func TestNotificationsComeBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w := storetest.NewWorld(t, url)
		if err := w.DB.Hear(t.Context()); err != nil {
			t.Errorf("a notification does not come back: %v", err)
		}
		if at, err := w.DB.Clock(t.Context()); err != nil || at.Sub(w.Now).Abs() > time.Hour {
			t.Errorf("the database says it is %s, %v", at, err)
		}
	})
	w := storetest.NewWorld(t, storetest.Postgres(t))
	over, cancel := context.WithCancel(t.Context())
	cancel() // as after a wait in vain
	if err := w.DB.Hear(over); err == nil || !strings.Contains(err.Error(), "session mode") {
		t.Errorf("where none comes back: %v", err)
	}
}
