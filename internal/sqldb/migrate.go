package sqldb

import (
	"context"
	"fmt"
	"io/fs"
	"slices"

	"github.com/uptrace/bun"
)

type migration struct {
	bun.BaseModel `bun:"table:schema_migrations"`

	Name string `bun:"name,pk"`
}

// Migrate applies the .sql files of the folder "sqlite" or "postgres" of files, in
// the order of their names, each once and each in a transaction of its own. On
// PostgreSQL an advisory lock lets one process do it while others wait.
func (db *DB) Migrate(ctx context.Context, files fs.FS) error {
	err := db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := db.alone(ctx, tx); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS schema_migrations (name TEXT PRIMARY KEY)`)
		return err
	})
	if err != nil {
		return fmt.Errorf("sqldb: migrations table: %w", err)
	}
	folder := "sqlite"
	if db.Postgres {
		folder = "postgres"
	}
	names, err := fs.Glob(files, folder+"/*.sql")
	if err != nil {
		return fmt.Errorf("sqldb: list migrations: %w", err)
	}
	slices.Sort(names)
	for _, name := range names {
		if err := db.apply(ctx, files, name); err != nil {
			return fmt.Errorf("sqldb: migration %s: %w", name, err)
		}
	}
	return nil
}

func (db *DB) apply(ctx context.Context, files fs.FS, name string) error {
	script, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	return db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := db.alone(ctx, tx); err != nil {
			return err
		}
		row := &migration{Name: name}
		done, err := tx.NewSelect().Model(row).WherePK().Exists(ctx)
		if err != nil || done {
			return err
		}
		if _, err := tx.ExecContext(ctx, string(script)); err != nil {
			return err
		}
		_, err = tx.NewInsert().Model(row).Exec(ctx)
		return err
	})
}

// alone waits until no other process migrates, until the end of the transaction.
func (db *DB) alone(ctx context.Context, tx bun.Tx) error {
	const lock = 0x6865_7870 // any number that is ours
	if !db.Postgres {
		return nil
	}
	_, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(?)`, lock)
	return err
}
