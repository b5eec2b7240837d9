// Package taskhost gives a service its durable tasks: a task manager over SQLite
// in the service's data folder, or over PostgreSQL in a schema of the service's
// own when DATABASE_URL is set. MONGODB_URI is about documents alone: tasks share no
// transaction with them, and only go out behind their events.
package taskhost

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/uptrace/bun"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/asynctask/asynctaskprom"
	"github.com/hexplane/hexplane/asynctask/sqlstore"
	"github.com/hexplane/hexplane/internal/service"
)

// maxPayload is the most bytes of a request: a little less than the bus takes, as
// one that is too large fails its whole task.
const maxPayload = 900_000

// New opens the platform's task store and returns a manager of the definitions,
// with the loop that drives it. When the loop ends it closes the store: by then
// the service's intake has stopped.
func New(ctx context.Context, p *service.Platform, cfg asynctask.Config, defs ...asynctask.Definition,
) (*asynctask.Manager, service.Loop, error) {
	db, err := open(ctx, p)
	if err != nil {
		return nil, service.Loop{}, fmt.Errorf("taskhost: %w", err)
	}
	store, err := sqlstore.New(ctx, db)
	if err != nil {
		return nil, service.Loop{}, errors.Join(err, db.Close())
	}
	metrics, err := asynctaskprom.New(p.Metrics)
	if err != nil {
		return nil, service.Loop{}, errors.Join(fmt.Errorf("taskhost: %w", err), db.Close())
	}
	cfg.Logger, cfg.MaxPayload, cfg.Observer = p.Log, maxPayload, metrics
	// A request tells what was read from the documents: it goes out behind their events.
	manager, err := asynctask.NewManager(store, p.Docs.Publisher(), cfg, defs...)
	if err != nil {
		return nil, service.Loop{}, errors.Join(err, db.Close())
	}
	return manager, service.Loop{Name: "tasks", Run: func(ctx context.Context) error {
		return errors.Join(manager.Run(ctx), db.Close())
	}}, nil
}

func open(ctx context.Context, p *service.Platform) (*bun.DB, error) {
	dsn := string(p.Config.DatabaseURL)
	if dsn == "" {
		return sqlstore.OpenSQLite(filepath.Join(p.Dir, "tasks.db"), p.Config.DataSync)
	}
	dsn, err := inSchema(dsn, p.Name)
	if err != nil {
		return nil, err
	}
	db, err := sqlstore.OpenPostgres(dsn)
	if err != nil {
		return nil, err
	}
	if _, err := db.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS ?", bun.Ident(p.Name)); err != nil {
		return nil, errors.Join(fmt.Errorf("create schema %s: %w", p.Name, err), db.Close())
	}
	return db, nil
}

// inSchema makes a schema the one that a connection works in: services that share
// a database do not share their tasks.
func inSchema(dsn, schema string) (string, error) {
	if !strings.Contains(dsn, "://") {
		return dsn + " search_path=" + schema, nil
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return "", errors.New("DATABASE_URL is not a URL") // the cause would repeat its password
	}
	query := u.Query()
	query.Set("search_path", schema)
	u.RawQuery = query.Encode()
	return u.String(), nil
}
