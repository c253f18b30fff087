package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"

	"github.com/lib/pq"
)

// A database reads the text of a statement anew each time it is run, which for our
// longer ones takes as long as running them, and PostgreSQL's driver asks twice for
// each that has arguments. So each connection keeps the statements it has prepared.

// mostPrepared bounds how many statements a connection keeps. The program has
// fewer; whatever makes texts without end only loses the benefit.
const mostPrepared = 256

// preparing makes connections that keep their statements.
type preparing struct{ driver.Connector }

// Connect implements driver.Connector.
func (p preparing) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	whole, ok := conn.(wholeConn)
	if !ok { // of a driver that offers less
		return conn, nil
	}
	prepared := &preparedConn{wholeConn: whole, kept: map[string]*preparedStmt{}}
	if checker, ok := conn.(driver.NamedValueChecker); ok {
		return checkedConn{prepared, checker}, nil
	}
	return prepared, nil
}

// checkedConn is a connection whose driver looks at arguments itself, as
// PostgreSQL's does.
type checkedConn struct {
	*preparedConn
	driver.NamedValueChecker
}

// wholeConn is what the connections of both drivers offer
// (https://pkg.go.dev/modernc.org/sqlite#NewConnector, https://pkg.go.dev/github.com/lib/pq#NewConnector).
type wholeConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// wholeStmt is what the statements of both drivers offer.
type wholeStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// preparedConn is used by one goroutine at a time, as every driver.Conn.
type preparedConn struct {
	wholeConn
	kept map[string]*preparedStmt
}

// preparedStmt is busy while its rows are read: running it then would take them
// away from their reader.
type preparedStmt struct {
	wholeStmt
	busy bool
}

// Unwrap gives the driver's own connection, for its settings.
func (c *preparedConn) Unwrap() driver.Conn { return c.wholeConn }

// Close ends the statements with the connection. PostgreSQL's end by themselves, and
// would be asked for one by one.
func (c *preparedConn) Close() error {
	if _, waits := c.wholeConn.(driver.NamedValueChecker); !waits {
		c.forget()
	}
	return c.wholeConn.Close()
}

// ExecContext runs a statement that is kept.
func (c *preparedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.prepared(ctx, query, len(args))
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.wholeConn.ExecContext(ctx, query, args)
	}
	result, err := s.ExecContext(ctx, args)
	return result, c.lost(query, err)
}

// QueryContext runs a statement that is kept, and keeps it from being run again
// until its rows are closed.
func (c *preparedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.prepared(ctx, query, len(args))
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.wholeConn.QueryContext(ctx, query, args)
	}
	rows, err := s.QueryContext(ctx, args)
	if err != nil {
		return nil, c.lost(query, err)
	}
	s.busy = true
	return &preparedRows{rows, s}, nil
}

// prepared gives the statement of a text; nil when it is in use. One without
// arguments may be several statements for PostgreSQL, which it prepares only one by
// one, and asks for once anyway.
func (c *preparedConn) prepared(ctx context.Context, query string, args int) (*preparedStmt, error) {
	if _, checks := c.wholeConn.(driver.NamedValueChecker); checks && args == 0 {
		return nil, nil
	}
	if s := c.kept[query]; s != nil {
		if s.busy {
			return nil, nil
		}
		return s, nil
	}
	made, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	whole, ok := made.(wholeStmt)
	if !ok {
		return nil, made.Close()
	}
	if len(c.kept) >= mostPrepared {
		c.forget()
	}
	s := &preparedStmt{wholeStmt: whole}
	c.kept[query] = s
	return s, nil
}

// lost lets go of a statement that PostgreSQL no longer runs, because a table has
// changed its columns or a pooler its connection, so that the next try prepares it
// anew.
func (c *preparedConn) lost(query string, err error) error {
	if e, ok := errors.AsType[*pq.Error](err); ok && (e.Code == featureNotSupported || e.Code == noSuchStatement) {
		delete(c.kept, query)
	}
	return err
}

// What PostgreSQL says of such a statement
// (https://www.postgresql.org/docs/current/errcodes-appendix.html).
const (
	featureNotSupported = "0A000" // "cached plan must not change result type"
	noSuchStatement     = "26000"
)

// forget drops every statement that is not in use.
func (c *preparedConn) forget() {
	for query, s := range c.kept {
		if !s.busy {
			delete(c.kept, query)
			_ = s.Close() // tells again how its last run ended
		}
	}
}

type preparedRows struct {
	driver.Rows
	of *preparedStmt
}

// Close lets the statement be run again.
func (r *preparedRows) Close() error {
	err := r.Rows.Close()
	r.of.busy = false
	return err
}
