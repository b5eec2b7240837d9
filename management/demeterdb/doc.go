// Package demeterdb keeps accounts and projects in the old Demeter database, which
// older parts of Demeter still read. It implements management.DemeterStore on
// PostgreSQL and, when no URL is given, on an embedded SQLite file with the same
// tables and constraints.
//
//	store, err := demeterdb.Open(ctx, demeterdb.Config{URL: os.Getenv("DEMETER_DATABASE_URL")})
//	if err != nil {
//		return err
//	}
//	defer store.Close()
//
// The schema, made and upgraded by migrations in this package:
//
//	accounts  id, name (unique, whatever the case), owner_email, default_project_id
//	          (a project, checked at commit), created_at
//	projects  id, account_id (an account), name (unique in the account, whatever the
//	          case), namespace (unique, a DNS label), is_default (once per account),
//	          revision, created_at, deleted_at (null, or not before created_at)
//
// Each method is one transaction; a refusal is an error of package management and
// leaves nothing behind.
package demeterdb
