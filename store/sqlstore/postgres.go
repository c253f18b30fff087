package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// A context does not free a call that waits on a dead network, so every read
// and write on the wire has a deadline of its own. It must outlast the slowest
// statement, which is a migration or a large import's commit.
const wireTimeout = 60 * time.Second

const dialTimeout = 10 * time.Second

func (s *Store) openPostgres(ctx context.Context) error {
	s.dialect = onPostgres
	connector, err := pq.NewConnector(s.url)
	if err != nil {
		return errors.New("the postgres:// address is not readable; percent-encode special characters in user and password")
	}
	connector.Dialer(dialer{})
	db := pooled(impatient{preparing{connector}, forValues}, 16)
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close()
		return fmt.Errorf("connect to PostgreSQL: %w; check host, port, user, password and that the database exists", err)
	}
	s.write = &pool{db, s.failed}
	s.read = s.write
	s.facts = &pool{pooled(impatient{preparing{connector}, forAny}, 4), s.failed}
	return nil
}

// pooled holds up to so many connections.
func pooled(c driver.Connector, most int) *sqlx.DB {
	db := sqlx.NewDb(sql.OpenDB(c), "postgres")
	db.SetMaxOpenConns(most)
	db.SetMaxIdleConns(min(most, 8))
	db.SetConnMaxIdleTime(5 * time.Minute)
	return db
}

// abandoned is how long PostgreSQL waits for the next statement of a transaction
// before it ends that. Without it a replica whose network is dead would keep its
// rows locked until the server's own TCP notices, which takes hours; others could
// not take over what it held.
const abandoned = 10 * time.Second

// How PostgreSQL plans a statement that is kept
// (https://www.postgresql.org/docs/current/runtime-config-query.html#GUC-PLAN-CACHE-MODE,
// since version 12). The queue's tables grow by a hundred thousand rows in seconds, and
// a plan made while they were empty would read them whole: they are planned for the
// values at hand, each time. The facts of projects change slowly, and planning takes
// longer than finding them.
const (
	forValues = "force_custom_plan"
	forAny    = "auto"
)

// impatient makes connections whose transactions do not outlive their client.
type impatient struct {
	driver.Connector
	plans string
}

// Connect implements driver.Connector.
func (i impatient) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := i.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	run, ok := conn.(driver.ExecerContext)
	if !ok {
		return conn, nil
	}
	settings := fmt.Sprintf("SET idle_in_transaction_session_timeout = %d; SELECT set_config(name, '%s', false) FROM pg_settings WHERE name = 'plan_cache_mode'",
		abandoned.Milliseconds(), i.plans)
	if _, err := run.ExecContext(ctx, settings, nil); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

// dialer opens connections whose reads and writes cannot wait for ever.
type dialer struct{}

// Dial implements pq.Dialer.
func (d dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialTimeout(network, address, dialTimeout)
}

// DialTimeout implements pq.Dialer.
func (d dialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return d.DialContext(ctx, network, address)
}

// DialContext implements pq.DialerContext.
func (dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &deadlined{Conn: conn, now: time.Now}, nil
}

// deadlined renews a deadline before every read and write.
type deadlined struct {
	net.Conn
	now func() time.Time
}

// Read fails when nothing arrives within wireTimeout.
func (c *deadlined) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(c.now().Add(wireTimeout)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

// Write fails when nothing is taken within wireTimeout.
func (c *deadlined) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(c.now().Add(wireTimeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}
