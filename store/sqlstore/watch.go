package sqlstore

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"sparkbot/store/pulse"
)

// channel is what triggers and Enqueue notify on PostgreSQL.
const channel = "sparkbot"

// Watch gives a signal whenever there may be something new: a move changed or a
// delivery was stored, by this process or any other. The signal says only "look
// now"; one may stand for many, and one may come for nothing. The channel is
// closed after ctx ends.
func (s *Store) Watch(ctx context.Context) (<-chan struct{}, error) {
	out := make(chan struct{}, 1)
	out <- struct{}{} // what was stored before anybody watched
	s.mu.Lock()
	s.wakes = append(s.wakes, out)
	s.mu.Unlock()
	var run func(context.Context, chan struct{})
	if s.dialect.name == onPostgres.name {
		listener, err := s.listen(ctx)
		if err != nil {
			s.forget(out)
			return nil, err
		}
		run = func(ctx context.Context, out chan struct{}) { s.watchPostgres(ctx, listener, out) }
	} else {
		conn, err := s.read.Connx(ctx)
		if err != nil {
			s.forget(out)
			return nil, fmt.Errorf("watch the SQLite file: %w", err)
		}
		run = func(ctx context.Context, out chan struct{}) { s.watchSQLite(ctx, conn, out) }
	}
	go func() {
		defer close(out)
		defer s.forget(out)
		run(ctx, out)
	}()
	return out, nil
}

// announce tells the watchers of other processes once tx commits. On SQLite they
// see the commit itself.
func (s *Store) announce(ctx context.Context, tx *sqlx.Tx) error {
	if s.dialect.name == onSQLite.name {
		return nil
	}
	_, err := tx.ExecContext(ctx, "SELECT pg_notify($1, '')", channel)
	return err
}

// wake signals the watchers of this process at once.
func (s *Store) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.wakes {
		signal(w)
	}
}

func (s *Store) forget(w chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, other := range s.wakes {
		if other == w {
			s.wakes = append(s.wakes[:i], s.wakes[i+1:]...)
			return
		}
	}
}

func signal(w chan struct{}) {
	select {
	case w <- struct{}{}:
	default:
	}
}

// listen returns once the database has taken it, or ctx ends: without the latter
// it would wait for as long as the database is away.
func (s *Store) listen(ctx context.Context) (*pq.Listener, error) {
	listener := pq.NewListener(s.url, time.Second, 30*time.Second, func(event pq.ListenerEventType, err error) {
		if err != nil {
			s.log.Warn("the database's notifications are interrupted; polling goes on", "event", int(event), "error", err)
		}
	})
	stop := context.AfterFunc(ctx, func() { _ = listener.Close() })
	defer stop()
	for _, c := range []string{channel, echoes} {
		if err := listener.Listen(c); err != nil {
			_ = listener.Close()
			return nil, fmt.Errorf("listen for the database's notifications: %w", err)
		}
	}
	return listener, nil
}

// watchPostgres passes notifications on. A nil one follows a reconnect and means
// that some may have been missed. Behind all of it stands a poll, for as long as this
// process does not hear itself, or hears others.
func (s *Store) watchPostgres(ctx context.Context, listener *pq.Listener, out chan struct{}) {
	defer func() { _ = listener.Close() }()
	defer s.setAlone(false)
	var calling atomic.Bool
	e := newEars(uuid.NewString(), time.Now())
	rest := func(now time.Time) time.Duration {
		if e.quiet(now) {
			return pulse.Next(now, orElse(s.poll, quietPoll))
		}
		return pulse.Next(now, orElse(s.poll, calmPoll))
	}
	call := func(now time.Time) {
		e.call(now)
		s.echo(ctx, e.name, &calling)
	}
	call(time.Now())
	next := time.NewTimer(rest(time.Now()))
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case n := <-listener.Notify:
			switch now := time.Now(); {
			case n == nil:
				e.deafen()
				s.setAlone(false)
				call(now)
				next.Reset(rest(now))
			case n.Channel == echoes:
				if e.hear(n.Extra, now) {
					call(now)
				}
				s.setAlone(e.rests(now))
				next.Reset(rest(now))
				continue
			}
		case <-next.C:
			now := time.Now()
			quiet := e.quiet(now)
			s.setAlone(e.rests(now))
			if e.due(now) {
				call(now)
			}
			next.Reset(rest(now))
			if quiet { // those who watch look as often by themselves
				continue
			}
		}
		signal(out)
	}
}

func orElse(d, fallback time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return fallback
}
