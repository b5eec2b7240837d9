// Package preparing opens SQLite so that statements stay prepared: SQLite spends more
// on parsing most of them than on running them.
//
// It works below database/sql, in each connection, so that callers write statements
// as ever, within transactions and without. A statement without parameters is kept only
// if it is a SELECT that has no values in its text: others hardly come again.
package preparing

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"

	_ "modernc.org/sqlite" // registers the driver
)

// OpenSQLite is sql.Open of a SQLite database whose connections keep the last few
// hundred statements prepared.
func OpenSQLite(dsn string) (*sql.DB, error) {
	plain, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector{plain.Driver(), dsn}), plain.Close() // plain has no connection yet
}

type connector struct {
	sqlite driver.Driver
	dsn    string
}

// Driver implements driver.Connector.
func (c connector) Driver() driver.Driver { return c.sqlite }

// Connect implements driver.Connector.
func (c connector) Connect(context.Context) (driver.Conn, error) {
	opened, err := c.sqlite.Open(c.dsn)
	if err != nil {
		return nil, err
	}
	conn, ok := opened.(sqliteConn)
	if !ok {
		return opened, nil
	}
	return &preparing{sqliteConn: conn, idle: make(map[string]preparedStmt)}, nil
}

// sqliteConn is what a connection of SQLite's driver can do.
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

type preparedStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// preparing is a connection; like any it is used by one goroutine at a time.
type preparing struct {
	sqliteConn

	idle map[string]preparedStmt // by text; one that is in use is not here
}

// ExecContext implements driver.ExecerContext.
func (p *preparing) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	if len(args) == 0 {
		return p.sqliteConn.ExecContext(ctx, text, args)
	}
	stmt, err := p.take(ctx, text)
	if err != nil {
		return nil, err
	}
	result, err := stmt.ExecContext(ctx, args)
	return result, errors.Join(err, p.giveBack(text, stmt))
}

// QueryContext implements driver.QueryerContext.
func (p *preparing) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	if len(args) == 0 && !comesAgain(text) {
		return p.sqliteConn.QueryContext(ctx, text, args)
	}
	stmt, err := p.take(ctx, text)
	if err != nil {
		return nil, err
	}
	rows, err := stmt.QueryContext(ctx, args)
	if err != nil {
		return nil, errors.Join(err, p.giveBack(text, stmt))
	}
	return &preparedRows{rows, func() error { return p.giveBack(text, stmt) }}, nil
}

// comesAgain reports a query without parameters that has no values in its text either.
func comesAgain(text string) bool {
	return strings.HasPrefix(text, "SELECT ") && !strings.ContainsAny(text, "'0123456789;")
}

func (p *preparing) take(ctx context.Context, text string) (preparedStmt, error) {
	if stmt, ok := p.idle[text]; ok {
		delete(p.idle, text)
		return stmt, nil
	}
	opened, err := p.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	stmt, ok := opened.(preparedStmt)
	if !ok {
		return nil, errors.Join(errors.New("preparing: SQLite's driver lacks statements with a context"), opened.Close())
	}
	return stmt, nil
}

// giveBack keeps the statement unless there is another of the same text; when
// there are too many, some other goes.
func (p *preparing) giveBack(text string, stmt preparedStmt) error {
	const most = 200
	if _, ok := p.idle[text]; ok {
		return stmt.Close()
	}
	var closed error
	if len(p.idle) >= most {
		for other, stmt := range p.idle {
			delete(p.idle, other)
			closed = stmt.Close()
			break
		}
	}
	p.idle[text] = stmt
	return closed
}

// Close implements driver.Conn.
func (p *preparing) Close() error {
	var errs []error
	for _, stmt := range p.idle {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(append(errs, p.sqliteConn.Close())...)
}

// preparedRows give their statement back once they are closed.
type preparedRows struct {
	driver.Rows

	giveBack func() error
}

// Close implements driver.Rows; database/sql calls it once.
func (r *preparedRows) Close() error { return errors.Join(r.Rows.Close(), r.giveBack()) }
