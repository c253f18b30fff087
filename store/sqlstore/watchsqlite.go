package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/jmoiron/sqlx"
)

const (
	// calmPoll is how often a file is asked while nobody writes to it: forty times a
	// second would keep a processor busy by one or two per cent, for the threads that
	// wake for it more than for the question.
	calmPoll = 250 * time.Millisecond
	// hurriedPoll is how often it is asked while somebody writes, and always where the
	// system does not tell of writes.
	hurriedPoll = 10 * time.Millisecond
	blindPoll   = 25 * time.Millisecond
	// writing is for how long after a write another commit may follow whose own write
	// was told of together with it.
	writing = 250 * time.Millisecond
	// committing is for how long a write is believed to end in a commit: it is told of
	// before the disk has it, and readers see it after that. What takes longer is found by
	// the calm poll: a late word of a commit that was seen already must not cost much.
	committing = 500 * time.Millisecond
)

// watchSQLite asks for the file's data_version, which changes whenever another
// connection, of this process or another, commits. It must always be asked on
// the same connection (https://www.sqlite.org/pragma.html#pragma_data_version).
// When to ask is told by the system, which sees the writes to the log beside the file.
func (s *Store) watchSQLite(ctx context.Context, conn *sqlx.Conn, out chan struct{}) {
	defer func() { _ = conn.Close() }()
	calm := orElse(s.poll, calmPoll)
	writes, err := watchLog(ctx, conn)
	if err != nil {
		s.log.Warn("the system does not tell when the database is written to; it is asked more often instead", "error", err)
		calm = min(calm, blindPoll)
	} else {
		defer func() { _ = writes.Close() }()
	}
	// The question waits for nothing, and one that cannot be cancelled starts no
	// goroutines that wait for that.
	asking := context.WithoutCancel(ctx)
	next := time.NewTimer(0)
	defer next.Stop()
	var written time.Time // when a write was last told of
	seen := true          // whether a commit was seen since
	var last int64
	for {
		// Between two questions of a hurry nobody needs to be told of more writes.
		told := writes.events()
		if !seen || time.Since(written) < writing {
			told = nil
		}
		select {
		case <-ctx.Done():
			return
		case <-told:
			written, seen = time.Now(), false
			next.Reset(0)
			continue
		case <-next.C:
		}
		if writes.drain() {
			written, seen = time.Now(), false
		}
		var version int64
		if err := conn.GetContext(asking, &version, "PRAGMA data_version"); err != nil {
			signal(out) // whoever looks will meet the error and say it
		} else if version != last {
			last, seen = version, true
			signal(out)
		}
		next.Reset(untilAsked(time.Since(written), seen, calm))
	}
}

// untilAsked is how long to wait before the file is asked again: so long after the
// last write, with or without a commit seen since.
func untilAsked(sinceWrite time.Duration, seen bool, calm time.Duration) time.Duration {
	if sinceWrite < writing || !seen && sinceWrite < committing {
		return min(hurriedPoll, calm)
	}
	return calm
}

// logWrites tells of the writes to the log of one SQLite file. Nil tells of none.
type logWrites struct{ *fsnotify.Watcher }

// watchLog begins to watch the log beside the file that conn has open. While anybody
// has the file open, the log stays the same file.
func watchLog(ctx context.Context, conn *sqlx.Conn) (*logWrites, error) {
	var path string
	// Reading the schema opens the log, which a file nobody has read yet lacks.
	const where = "SELECT file FROM pragma_database_list WHERE name = 'main' AND (SELECT count(*) FROM sqlite_schema) >= 0"
	if err := conn.GetContext(ctx, &path, where); err != nil {
		return nil, fmt.Errorf("ask for the file's path: %w", err)
	}
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	if err := w.Add(path + "-wal"); err != nil {
		_ = w.Close()
		return nil, err
	}
	return &logWrites{w}, nil
}

func (l *logWrites) events() <-chan fsnotify.Event {
	if l == nil {
		return nil
	}
	return l.Events
}

// drain takes what there is to tell and reports whether that was anything. An error
// of the watcher means that something may have been missed.
func (l *logWrites) drain() (any bool) {
	if l == nil {
		return false
	}
	for {
		select {
		case _, open := <-l.Events:
			if !open {
				return any
			}
		case _, open := <-l.Errors:
			if !open {
				return any
			}
		default:
			return any
		}
		any = true
	}
}
