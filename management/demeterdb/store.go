package demeterdb

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/uptrace/bun"

	"github.com/hexplane/hexplane/internal/sqldb"
	"github.com/hexplane/hexplane/internal/sqlrows"
	"github.com/hexplane/hexplane/management"
)

//go:embed migrations
var migrations embed.FS

// Config says where the old database is.
type Config struct {
	// URL of PostgreSQL; empty means SQLite at Path.
	URL  string
	Path string
	// Full syncs every SQLite commit to disk.
	Full bool
}

// Store implements management.DemeterStore.
type Store struct{ db *sqldb.DB }

var _ management.DemeterStore = (*Store)(nil)

// Open opens the database and brings its schema up to date.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	db, err := sqldb.Open(ctx, sqldb.Config{URL: cfg.URL, Path: cfg.Path, Full: cfg.Full, Indexed: true})
	if err != nil {
		return nil, fmt.Errorf("demeterdb: %w", err)
	}
	files, err := fs.Sub(migrations, "migrations")
	if err == nil {
		err = db.Migrate(ctx, files)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("demeterdb: %w", err), db.Close())
	}
	return &Store{db: db}, nil
}

// Close closes the database.
func (s *Store) Close() error { return s.db.Close() }

// Ping says whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.db.PingContext(ctx) }

// CreateAccount implements management.DemeterStore.
func (s *Store) CreateAccount(ctx context.Context, account management.Account, project management.Project) error {
	return s.write(ctx, "create account", func(ctx context.Context, tx bun.Tx) error {
		row := newAccountRow(account)
		made, err := insert(ctx, tx, []accountRow{*row})
		if err != nil {
			return err
		}
		if made == 0 {
			return existing(ctx, tx, row)
		}
		made, err = insert(ctx, tx, []projectRow{*newProjectRow(project)})
		if err == nil && made == 0 {
			return management.ErrExists
		}
		return err
	})
}

// insert returns how many of the rows are new. Asking for no conflict, rather than
// running into one, keeps the transaction usable.
func insert[R any](ctx context.Context, tx bun.Tx, rows []R) (int, error) {
	return sqlrows.Insert(ctx, tx, rows, "DO NOTHING")
}

// existing tells a repeat, whose row is there by its id, from a conflict.
func existing(ctx context.Context, tx bun.Tx, row any) error {
	same, err := tx.NewSelect().Model(row).WherePK().Exists(ctx)
	if err == nil && !same {
		return management.ErrExists
	}
	return err
}

// SaveProject implements management.DemeterStore.
func (s *Store) SaveProject(ctx context.Context, project management.Project) error {
	return s.write(ctx, "save project", func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewUpdate().Model(newProjectRow(project)).Column("deleted_at", "revision").
			WherePK().Where("revision < ?", project.Revision).Exec(ctx)
		return err
	})
}

// RemoveProject implements management.DemeterStore.
func (s *Store) RemoveProject(ctx context.Context, id string) error {
	return s.write(ctx, "remove project", func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewDelete().Model(&projectRow{ID: id}).WherePK().Exec(ctx)
		return err
	})
}

// Account implements management.DemeterStore.
func (s *Store) Account(ctx context.Context, id string) (management.Account, error) {
	row := accountRow{ID: id}
	if err := s.read(ctx, "read account", &row); err != nil {
		return management.Account{}, err
	}
	return management.Account{
		ID: row.ID, Name: row.Name, OwnerEmail: row.OwnerEmail,
		DefaultProjectID: row.DefaultProjectID, CreatedAt: row.CreatedAt.UTC(),
	}, nil
}

// Project implements management.DemeterStore.
func (s *Store) Project(ctx context.Context, id string) (management.Project, error) {
	row := projectRow{ID: id}
	if err := s.read(ctx, "read project", &row); err != nil {
		return management.Project{}, err
	}
	p := management.Project{
		ID: row.ID, AccountID: row.AccountID, Name: row.Name, Namespace: row.Namespace,
		Default: row.Default, Revision: row.Revision, CreatedAt: row.CreatedAt.UTC(),
	}
	if !row.DeletedAt.IsZero() {
		p.DeletedAt = row.DeletedAt.UTC()
	}
	return p, nil
}

// Counts returns how many accounts and projects there are.
func (s *Store) Counts(ctx context.Context) (accounts, projects int, err error) {
	counts := make([]int64, 2)
	for i, table := range []any{(*accountRow)(nil), (*projectRow)(nil)} {
		if counts[i], err = s.db.Reader.NewSelect().Model(table).Count(ctx); err != nil {
			return 0, 0, fmt.Errorf("demeterdb: count: %w", err)
		}
	}
	return int(counts[0]), int(counts[1]), nil
}

func (s *Store) read(ctx context.Context, doing string, row any) error {
	err := s.db.Reader.NewSelect().Model(row).WherePK().Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		err = management.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("demeterdb: %s: %w", doing, err)
	}
	return nil
}

func (s *Store) write(ctx context.Context, doing string, fn func(context.Context, bun.Tx) error) error {
	if err := s.db.Write(ctx, fn); err != nil {
		return fmt.Errorf("demeterdb: %s: %w", doing, err)
	}
	return nil
}

type accountRow struct {
	bun.BaseModel `bun:"table:accounts,alias:t"`

	ID               string    `bun:"id,pk"`
	Name             string    `bun:"name"`
	OwnerEmail       string    `bun:"owner_email"`
	DefaultProjectID string    `bun:"default_project_id"`
	CreatedAt        time.Time `bun:"created_at"`
}

func newAccountRow(a management.Account) *accountRow {
	return &accountRow{
		ID: a.ID, Name: a.Name, OwnerEmail: a.OwnerEmail,
		DefaultProjectID: a.DefaultProjectID, CreatedAt: precise(a.CreatedAt),
	}
}

type projectRow struct {
	bun.BaseModel `bun:"table:projects,alias:t"`

	ID        string    `bun:"id,pk"`
	AccountID string    `bun:"account_id"`
	Name      string    `bun:"name"`
	Namespace string    `bun:"namespace"`
	Default   bool      `bun:"is_default"`
	Revision  int64     `bun:"revision"`
	CreatedAt time.Time `bun:"created_at"`
	DeletedAt time.Time `bun:"deleted_at,nullzero"`
}

func newProjectRow(p management.Project) *projectRow {
	return &projectRow{
		ID: p.ID, AccountID: p.AccountID, Name: p.Name, Namespace: p.Namespace, Default: p.Default,
		Revision: p.Revision, CreatedAt: precise(p.CreatedAt), DeletedAt: precise(p.DeletedAt),
	}
}

// precise is the time as both databases can keep it.
func precise(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
