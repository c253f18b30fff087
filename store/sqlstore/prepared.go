package sqlstore

import (
	"context"
	"database/sql/driver"
)

// SQLite reads the text of a statement anew each time it is run, which for our
// longer ones takes as long as running them. So each connection keeps the
// statements it has prepared. PostgreSQL's are left as they are: a named statement
// does not survive a pooler that hands out connections by the transaction.

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
	whole, ok := conn.(sqliteConn)
	if !ok { // of a driver that offers less
		return conn, nil
	}
	return &preparedConn{sqliteConn: whole, kept: map[string]*preparedStmt{}}, nil
}

// sqliteConn is what the driver's connections offer
// (https://pkg.go.dev/modernc.org/sqlite#NewConnector).
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// sqliteStmt is what the driver's statements offer.
type sqliteStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// preparedConn is used by one goroutine at a time, as every driver.Conn.
type preparedConn struct {
	sqliteConn
	kept map[string]*preparedStmt
}

// preparedStmt is busy while its rows are read: running it then would take them
// away from their reader.
type preparedStmt struct {
	sqliteStmt
	busy bool
}

// Unwrap gives the driver's own connection, for its settings.
func (c *preparedConn) Unwrap() driver.Conn { return c.sqliteConn }

// Close ends the statements with the connection.
func (c *preparedConn) Close() error {
	c.forget()
	return c.sqliteConn.Close()
}

// ExecContext runs a statement that is kept.
func (c *preparedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.sqliteConn.ExecContext(ctx, query, args)
	}
	return s.ExecContext(ctx, args)
}

// QueryContext runs a statement that is kept, and keeps it from being run again
// until its rows are closed.
func (c *preparedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.sqliteConn.QueryContext(ctx, query, args)
	}
	rows, err := s.QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	s.busy = true
	return &preparedRows{rows, s}, nil
}

// prepared gives the statement of a text; nil when it is in use.
func (c *preparedConn) prepared(ctx context.Context, query string) (*preparedStmt, error) {
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
	whole, ok := made.(sqliteStmt)
	if !ok {
		return nil, made.Close()
	}
	if len(c.kept) >= mostPrepared {
		c.forget()
	}
	s := &preparedStmt{sqliteStmt: whole}
	c.kept[query] = s
	return s, nil
}

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
