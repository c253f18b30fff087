package sqlstore

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/jmoiron/sqlx"

	"sparkbot/store/pulse"
)

const (
	// calmPoll is how often a database is looked at of which nothing is told, in case
	// something was not told of. Asking a file forty times a second would keep a processor
	// busy by one or two per cent, for the threads that wake for it more than for the
	// question.
	calmPoll = 6 * time.Second
	// quietPoll is how often, once it was seen that something is told.
	quietPoll = 30 * time.Second
	// hurriedPoll is how often it is asked while somebody writes, and quickestPoll just
	// after the first write: a commit is mostly seen as soon as the disk has it, some
	// milliseconds later. blindPoll is for where the system does not tell of writes.
	hurriedPoll  = 10 * time.Millisecond
	quickestPoll = time.Millisecond
	blindPoll    = 25 * time.Millisecond
	// writing is for how long after a write another commit may follow whose own write
	// was told of together with it.
	writing = 250 * time.Millisecond
	// A write is told of before the disk has it, and readers see it after that. Until they
	// do, the file is asked again after a tenth of the time that has passed, which finds
	// the commit soon on a slow disk, and costs little when none comes since the write was
	// rolled back.
	patience = 10
	// late is how long after a commit was seen its own write may still be told of. Its
	// commit, if it is another's after all, is waited for no longer than doubtful.
	late     = 2 * hurriedPoll
	doubtful = 2 * time.Second
	// forever is how long the commit is waited for of a write that nothing was seen of.
	forever = time.Duration(math.MaxInt64)
)

// watchSQLite asks for the file's data_version, which changes whenever another
// connection, of this process or another, commits. It must always be asked on
// the same connection (https://www.sqlite.org/pragma.html#pragma_data_version).
// When to ask is told by the system, which sees the writes to the log beside the file.
func (s *Store) watchSQLite(ctx context.Context, conn *sqlx.Conn, out chan struct{}) {
	defer func() { _ = conn.Close() }()
	writes, err := watchLog(ctx, conn)
	if err != nil {
		s.log.Warn("the system does not tell when the database is written to; it is asked more often instead", "error", err)
	} else {
		defer func(w *logWrites) { _ = w.Close() }(writes)
	}
	// The question waits for nothing, and one that cannot be cancelled starts no
	// goroutines that wait for that.
	asking := context.WithoutCancel(ctx)
	next := time.NewTimer(0)
	defer next.Stop()
	var (
		begun   time.Time     // when the first of the present writes was told of
		written time.Time     // when a write was last told of
		expect  time.Duration // for how long since then its commit is waited for
		changed time.Time     // when one was last seen
		unmoved bool          // it is in the log alone, as far as is known
		system  trust
		last    int64
	)
	calmly := func() time.Duration {
		if writes == nil { // nothing will be told
			return min(orElse(s.poll, calmPoll), blindPoll)
		}
		return orElse(s.poll, system.poll())
	}
	wrote := func() {
		now := time.Now()
		if now.Sub(written) >= writing {
			begun = now
		}
		written, expect = now, forever
		if written.Sub(changed) < late {
			expect = doubtful
			system.toldLate()
		}
	}
	for rest := calmly(); ; {
		told := writes.events()
		if rest <= hurriedPoll { // which finds more writes by itself
			told = nil
		}
		select {
		case <-ctx.Done():
			return
		case event, open := <-told:
			if !open {
				writes = nil
			} else if !mayCommit(event) {
				continue
			}
			wrote()
			rest = 0
			next.Reset(rest)
			continue
		case <-next.C:
		}
		if writes.drain() {
			wrote()
		}
		var version int64
		if err := conn.GetContext(asking, &version, "PRAGMA data_version"); err != nil {
			signal(out) // whoever looks will meet the error and say it
		} else if version != last {
			if last != 0 { // else it is the first question
				system.commit(expect > 0 || time.Since(written) < writing)
			}
			last, expect, changed, unmoved = version, 0, time.Now(), true
			signal(out)
		}
		calm := calmly()
		rest = untilAsked(time.Since(begun), time.Since(written), expect, calm)
		if rest == calm && unmoved {
			if rest = writing - time.Since(changed); rest <= 0 {
				s.moveLog(ctx)
				rest, unmoved = calm, false
			}
		}
		if rest == calm {
			rest = pulse.Next(time.Now(), calm)
		}
		next.Reset(rest)
	}
}

// trust says how often a file is asked for by itself, by what the system was seen to tell.
// One commit that it did not tell of is enough to ask more often from then on.
type trust struct{ told, untold bool }

// commit notes that a commit was seen, and whether its write had been told of.
func (t *trust) commit(told bool) {
	if told {
		t.told = true
	} else {
		t.untold = true
	}
}

// toldLate notes that the write of the last commit was told of after all.
func (t *trust) toldLate() { t.told, t.untold = true, false }

func (t *trust) poll() time.Duration {
	if t.told && !t.untold {
		return quietPoll
	}
	return calmPoll
}

// moveLog moves what is in the log to the file once nobody writes. Else whoever commits
// next, such as the program that stores moves, would have to move all that a fan-out left.
// Where something of ours writes all the same it gives up, and a log that is not moved
// now is moved another time; so it is no failure of the database
// (https://www.sqlite.org/pragma.html#pragma_wal_checkpoint).
func (s *Store) moveLog(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if _, err := s.write.DB.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)"); err != nil && ctx.Err() == nil {
		s.log.Warn("the database's log was not moved to its file; the next writer moves it", "error", err)
	}
}

// untilAsked is how long to wait before the file is asked again: so long after the
// first and the last of some writes, whose commit is expected within a time since then.
func untilAsked(sinceFirst, sinceWrite, expect, calm time.Duration) time.Duration {
	switch {
	case sinceWrite < writing:
		return min(max(quickestPoll, sinceFirst/2), hurriedPoll, calm)
	case sinceWrite < expect:
		return min(max(hurriedPoll, sinceWrite/patience), calm)
	}
	return calm
}

// mayCommit reports whether a commit may follow what the system tells of. Whoever opens
// the log gives it to the owner of the file again if that is root
// (https://www.sqlite.org/src/file/src/os_unix.c, robustFchown): no write at all, and told
// of as a change of its rights.
func mayCommit(event fsnotify.Event) bool { return event.Op != fsnotify.Chmod }

// logWrites tells of the writes to the log of one SQLite file. Nil tells of none.
type logWrites struct{ *fsnotify.Watcher }

// untaken is how many writes may have been told of before they are taken: enough for
// drain to find all of them, since what stays behind would look like a later write.
const untaken = 64

// watchLog begins to watch the log beside the file that conn has open. While anybody
// has the file open, the log stays the same file.
func watchLog(ctx context.Context, conn *sqlx.Conn) (*logWrites, error) {
	var path string
	// Reading the schema opens the log, which a file nobody has read yet lacks.
	const where = "SELECT file FROM pragma_database_list WHERE name = 'main' AND (SELECT count(*) FROM sqlite_schema) >= 0"
	if err := conn.GetContext(ctx, &path, where); err != nil {
		return nil, fmt.Errorf("ask for the file's path: %w", err)
	}
	w, err := fsnotify.NewBufferedWatcher(untaken)
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

// drain takes what there is to tell and reports whether a commit may follow any of it.
// An error of the watcher means that something may have been missed.
func (l *logWrites) drain() (any bool) {
	if l == nil {
		return false
	}
	for {
		select {
		case event, open := <-l.Events:
			if !open {
				return any
			}
			any = any || mayCommit(event)
		case _, open := <-l.Errors:
			if !open {
				return any
			}
			any = true
		default:
			return any
		}
	}
}
