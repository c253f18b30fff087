package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// What Options.Failed is told: why the database did not carry something out. That
// a value breaks a rule or is not there is no failure.
const (
	ProblemBusy    = "busy"    // locked, a deadlock, too many connections
	ProblemAway    = "away"    // not reached, or the connection broke
	ProblemTimeout = "timeout" // the caller's time ran out
	ProblemOther   = "other"
)

// pool is a pool of connections that tells of what fails.
type pool struct {
	*sqlx.DB
	failed func(problem string)
}

func (p *pool) note(err error) error {
	if problem := problemOf(err); problem != "" && p.failed != nil {
		p.failed(problem)
	}
	return err
}

// GetContext reads one row.
func (p *pool) GetContext(ctx context.Context, dest any, query string, args ...any) error {
	return p.note(p.DB.GetContext(ctx, dest, query, args...))
}

// SelectContext reads rows.
func (p *pool) SelectContext(ctx context.Context, dest any, query string, args ...any) error {
	return p.note(p.DB.SelectContext(ctx, dest, query, args...))
}

// ExecContext runs a statement.
func (p *pool) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	result, err := p.DB.ExecContext(ctx, query, args...)
	return result, p.note(err)
}

// BeginTxx begins a transaction; within tells how it ended.
func (p *pool) BeginTxx(ctx context.Context, o *sql.TxOptions) (*sqlx.Tx, error) {
	tx, err := p.DB.BeginTxx(ctx, o)
	return tx, p.note(err)
}

// QueryxContext is what sqlx.SelectContext calls.
func (p *pool) QueryxContext(ctx context.Context, query string, args ...any) (*sqlx.Rows, error) {
	rows, err := p.DB.QueryxContext(ctx, query, args...) //nolint:sqlclosecheck // the caller closes them
	return rows, p.note(err)
}

// QueryRowxContext is what sqlx.GetContext calls.
func (p *pool) QueryRowxContext(ctx context.Context, query string, args ...any) *sqlx.Row {
	row := p.DB.QueryRowxContext(ctx, query, args...)
	_ = p.note(row.Err())
	return row
}

// problemOf names the failure inside an error, or gives nothing when there is none.
func problemOf(err error) string {
	switch {
	case err == nil, errors.Is(err, sql.ErrNoRows), errors.Is(err, context.Canceled):
		return ""
	case errors.Is(err, context.DeadlineExceeded):
		return ProblemTimeout
	case errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return ProblemAway
	}
	if e, ok := errors.AsType[*pq.Error](err); ok {
		return postgresProblem(e)
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() & 0xff {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			return ProblemBusy
		case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_INTERRUPT:
			return ""
		default:
			return ProblemOther
		}
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return ProblemAway
	}
	return "" // one of ours
}

func postgresProblem(e *pq.Error) string {
	if e.Code == lockNotAvailable || e.Code == "57014" { // asked for with NOWAIT; cancelled by us
		return ""
	}
	switch e.Code.Class() {
	case "22", "23": // the data's fault
		return ""
	case "40", "53", "55": // rolled back, out of resources, locked
		return ProblemBusy
	case "08", "57": // the connection, the operator
		return ProblemAway
	default:
		return ProblemOther
	}
}
