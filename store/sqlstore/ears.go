package sqlstore

import (
	"context"
	"maps"
	"sync/atomic"
	"time"
)

const (
	// echoes is where a process hears itself and all others that watch.
	echoes = "sparkbot_echo"
	// echoEvery is how often a process that hears itself calls.
	echoEvery = 30 * time.Second
	// nearFor is how long after it was heard another is taken to be there: for as long as
	// it is silent, and then what it held may be leased.
	nearFor = time.Minute
	// answerFor is how long a process that begins waits for those who are there to answer.
	answerFor = 10 * time.Second
	// settled is how long a process looks seldom before it renews seldom, too.
	settled = 20 * time.Second
)

// ears says, by what a process hears of itself and of others, whether it must look often:
// one that hears nothing, as behind a pooler, or whose connection died without a word,
// finds moves only then, and of what another process held that was killed nobody tells.
type ears struct {
	name   string               // what this process calls
	called time.Time            // when it called last
	heard  bool                 // that call came back
	alone  time.Time            // from when on others that are not heard are not there
	others map[string]time.Time // when each was heard last
}

// newEars makes ears that have heard nothing yet. Others may be there.
func newEars(name string, now time.Time) *ears {
	return &ears{name: name, alone: now.Add(answerFor), others: map[string]time.Time{}}
}

// quiet reports whether nothing is missed by looking seldom.
func (e *ears) quiet(now time.Time) bool { return e.heard && !now.Before(e.alone) }

// rests reports whether it has been so for a while.
func (e *ears) rests(now time.Time) bool { return e.quiet(now) && now.Sub(e.alone) >= settled }

// due reports whether to call now. Who did not hear its last call tries again at each look.
func (e *ears) due(now time.Time) bool {
	return !e.heard || now.Sub(e.called) >= echoEvery-calmPoll/2 // looks come a little early or late
}

// call notes that it calls now.
func (e *ears) call(now time.Time) { e.called, e.heard = now, false }

// hear takes a call. True means that it is a newcomer's, who should hear an answer.
func (e *ears) hear(name string, now time.Time) (newcomer bool) {
	if name == e.name {
		e.heard = true
		return false
	}
	maps.DeleteFunc(e.others, func(_ string, last time.Time) bool { return now.Sub(last) >= nearFor })
	_, known := e.others[name]
	e.others[name], e.alone = now, now.Add(nearFor)
	return !known
}

// deafen notes that the connection is another one now.
func (e *ears) deafen() { e.heard = false }

// echo calls without waiting, unless the last call is still on its way to the database.
func (s *Store) echo(ctx context.Context, name string, calling *atomic.Bool) {
	if !calling.CompareAndSwap(false, true) {
		return
	}
	go func() {
		defer calling.Store(false)
		// Whether it was said is heard, or not.
		_, _ = s.write.ExecContext(ctx, "SELECT pg_notify($1, $2)", echoes, name)
	}()
}

// Alone gives a channel that is closed when another process comes to this database, or
// when it would not be heard any more; nil when one is there, or may be. It is known to a
// process that watches, and on PostgreSQL.
func (s *Store) Alone() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.alone
}

// setAlone has Alone say so, or no longer.
func (s *Store) setAlone(alone bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case alone && s.alone == nil:
		s.alone = make(chan struct{})
	case !alone && s.alone != nil:
		close(s.alone)
		s.alone = nil
	}
}
