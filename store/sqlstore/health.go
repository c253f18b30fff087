package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lib/pq"

	"sparkbot/store"
)

// Clock is the database's own time.
func (s *Store) Clock(ctx context.Context) (time.Time, error) {
	var at moment
	if err := s.read.GetContext(ctx, &at, s.dialect.sql("SELECT {now}")); err != nil {
		return time.Time{}, fmt.Errorf("ask the database for the time: %w", err)
	}
	return at.Time, nil
}

// Path is where an SQLite file lies, or empty.
func (s *Store) Path(ctx context.Context) string {
	if s.dialect.name != onSQLite.name {
		return ""
	}
	var path string
	if err := s.read.GetContext(ctx, &path, "SELECT file FROM pragma_database_list WHERE name = 'main'"); err != nil {
		return ""
	}
	return path
}

// echo is the channel of a round trip, so that no watcher wakes for it.
const echo = "sparkbot_echo"

// Hear sends a notification through the database and waits until it comes back,
// as those do that say that a move was stored. SQLite has none and needs none.
func (s *Store) Hear(ctx context.Context) error {
	if s.dialect.name == onSQLite.name {
		return nil
	}
	listener := pq.NewListener(s.url, time.Second, time.Second, nil)
	defer func() { _ = listener.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = listener.Close() })
	defer stop()
	deaf := errors.New("notifications do not come through, so moves are noticed up to 2 s late; connect to PostgreSQL itself or to a pooler in session mode (PgBouncer in transaction mode loses LISTEN)")
	if err := listener.Listen(echo); err != nil {
		return fmt.Errorf("%w (%w)", deaf, err)
	}
	if _, err := s.write.ExecContext(ctx, "SELECT pg_notify($1, '')", echo); ctx.Err() != nil {
		return deaf // the wait is over, whether it ended before the notification was sent or after
	} else if err != nil {
		return fmt.Errorf("send a notification: %w", err)
	}
	for {
		select {
		case n, open := <-listener.Notify:
			if n != nil {
				return nil
			}
			if !open {
				return deaf
			}
		case <-ctx.Done():
			return deaf
		}
	}
}

// Subscribed gives the places that hear of anything and are not gone, up to limit.
func (s *Store) Subscribed(ctx context.Context, limit int) ([]store.Place, error) {
	var rows []placeRow
	if err := s.read.SelectContext(ctx, &rows, "SELECT "+placeColumns+` FROM places p WHERE disabled_at IS NULL
		AND EXISTS (SELECT 1 FROM subscriptions s WHERE s.place_id = p.id) ORDER BY id LIMIT $1`, limit); err != nil {
		return nil, fmt.Errorf("read the subscribed places: %w", err)
	}
	places := make([]store.Place, len(rows))
	for i, r := range rows {
		places[i] = r.place()
	}
	return places, nil
}
