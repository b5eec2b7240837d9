package management

import (
	"context"
	"errors"
)

// NewAccount asks for an account.
type NewAccount struct {
	Name           string
	OwnerEmail     string
	IdempotencyKey string `json:"-"`
}

// defaultProject is the name of the project that every account begins with.
const defaultProject = "default"

// CreateAccount creates an account and its default project, in the old database
// and in the state, and tells every cluster. Operators only. The result of a
// repeat with the same idempotency key is the first one's.
func (s *Service) CreateAccount(ctx context.Context, req NewAccount) (Account, error) {
	caller, err := authorize(ctx, rightOperate, "", "account", "")
	if err != nil {
		return Account{}, err
	}
	if err := req.validate(); err != nil {
		return Account{}, err
	}
	op, err := s.newOperation(caller, OpCreateAccount, req.IdempotencyKey, req)
	if err != nil {
		return Account{}, err
	}
	a := Account{ID: newID(), Name: req.Name, OwnerEmail: req.OwnerEmail, CreatedAt: op.CreatedAt, Projects: 1}
	p := newProject(a.ID, defaultProject, op.CreatedAt)
	p.Default = true
	a.DefaultProjectID = p.ID
	op.AccountID, op.ResourceID = a.ID, a.ID
	done, err := s.create(ctx, op, creation{Account: &a, Project: p})
	if err != nil {
		return Account{}, err
	}
	return *done.creation.Account, nil
}

func (req NewAccount) validate() error {
	var v violations
	v.check(nameRule.MatchString(req.Name), "name", nameHelp)
	v.check(validEmail(req.OwnerEmail), "owner_email", "must be an email address")
	v.check(len(req.IdempotencyKey) <= 128, "idempotency_key", "must have at most 128 characters")
	return v.err()
}

// GetAccount returns an account that the caller may see.
func (s *Service) GetAccount(ctx context.Context, id string) (Account, error) {
	if _, err := authorize(ctx, rightRead, id, "account", "account_id"); err != nil {
		return Account{}, err
	}
	return read(ctx, s, "account", "account_id", func(ctx context.Context, tx Tx) (Account, error) {
		return tx.Accounts().Get(ctx, id)
	})
}

// ListAccounts returns the accounts that the caller may see: all for an
// operator, its own for anybody else.
func (s *Service) ListAccounts(ctx context.Context, page Page) ([]Account, error) {
	p, _ := ctx.Value(principalKey{}).(Principal)
	if p.Role != RoleOperator {
		a, err := s.GetAccount(ctx, p.AccountID)
		if err != nil || a.ID <= page.After {
			return nil, err
		}
		return []Account{a}, nil
	}
	return read(ctx, s, "account", "", func(ctx context.Context, tx Tx) ([]Account, error) {
		return tx.Accounts().List(ctx, Filter{After: page.After, Limit: page.limit()})
	})
}

// read runs a query and turns its failure into one that a caller understands.
func read[T any](ctx context.Context, s *Service, what, field string,
	query func(ctx context.Context, tx Tx) (T, error),
) (T, error) {
	var result T
	err := s.state.View(ctx, func(ctx context.Context, tx Tx) (err error) {
		result, err = query(ctx, tx)
		return missing(err, what, field)
	})
	return result, unavailable(err, "read "+what)
}

// missing turns a table's ErrNotFound into a refusal.
func missing(err error, what, field string) error {
	if _, ok := errors.AsType[*Error](err); !ok && errors.Is(err, ErrNotFound) {
		return notFound(what, field)
	}
	return err
}
