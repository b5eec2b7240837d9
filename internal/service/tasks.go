package service

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/uptrace/bun"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/asynctask/sqlstore"
)

// Tasks opens the service's task store: a PostgreSQL schema of its own when
// DATABASE_URL is set, else SQLite. The platform closes it.
func (p *Platform) Tasks(ctx context.Context) (asynctask.Store, error) {
	db, err := p.openTasks(ctx)
	if err != nil {
		return nil, fmt.Errorf("service: task store: %w", err)
	}
	p.onClose(db.Close)
	store, err := sqlstore.New(ctx, db)
	if err != nil {
		return nil, fmt.Errorf("service: task store: %w", err)
	}
	return store, nil
}

func (p *Platform) openTasks(ctx context.Context) (*bun.DB, error) {
	if p.Config.DatabaseURL == "" {
		return sqlstore.OpenSQLite(filepath.Join(p.Dir, "tasks.db"), p.Config.DataSync)
	}
	dsn, err := url.Parse(string(p.Config.DatabaseURL))
	if err != nil || !strings.HasPrefix(dsn.Scheme, "postgres") {
		return nil, errors.New("DATABASE_URL is not a postgres:// URL") // err would show the password
	}
	schema := "hexplane_" + p.Name
	if err := createSchema(ctx, dsn.String(), schema); err != nil {
		return nil, err
	}
	query := dsn.Query()
	query.Set("search_path", schema)
	dsn.RawQuery = query.Encode()
	return sqlstore.OpenPostgres(dsn.String())
}

func createSchema(ctx context.Context, dsn, schema string) error {
	db, err := sqlstore.OpenPostgres(dsn)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS ?", bun.Ident(schema))
	return errors.Join(err, db.Close())
}
