package sqldb

import (
	"context"
	"database/sql/driver"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// cachingConnector opens connections to PostgreSQL that, as those to SQLite do, keep
// statements that have parameters prepared.
type cachingConnector struct{ driver.Connector }

// Connect implements driver.Connector.
func (c cachingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	opened, err := c.Connector.Connect(ctx)
	if conn, ok := opened.(*stdlib.Conn); ok && err == nil {
		return caching{conn}, nil
	}
	return opened, err
}

type caching struct{ *stdlib.Conn }

// ExecContext implements driver.ExecerContext.
func (c caching) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	return c.Conn.ExecContext(ctx, text, cached(args))
}

// QueryContext implements driver.QueryerContext.
func (c caching) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	return c.Conn.QueryContext(ctx, text, cached(args))
}

// cached asks pgx for a prepared statement, by its convention of a first argument.
func cached(args []driver.NamedValue) []driver.NamedValue {
	if len(args) == 0 {
		return nil
	}
	return slices.Insert(slices.Clone(args), 0, driver.NamedValue{Value: pgx.QueryExecModeCacheStatement})
}
