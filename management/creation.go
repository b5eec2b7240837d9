package management

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/hexplane/hexplane/internal/demeterevent"
)

// creation is the intent of CreateAccount and CreateProject: everything that
// will be written, decided before the first write. Account is nil for a project.
type creation struct {
	Account *Account `json:"account,omitempty"`
	Project Project  `json:"project"`
}

// create runs the protocol that the package documentation describes: reserve in
// the state, write the old database, complete in the state.
func (s *Service) create(ctx context.Context, op Operation, c creation,
	reserve func(ctx context.Context, tx Tx) error,
) (creation, error) {
	raw, err := json.Marshal(c)
	if err != nil {
		return c, fmt.Errorf("encode creation: %w", err)
	}
	op.Intent, op.Pending = raw, true
	err = s.state.Update(ctx, func(ctx context.Context, tx Tx) error {
		earlier, ok, err := repeated(ctx, tx, op)
		if err != nil {
			return err
		}
		if ok {
			op = earlier
			return nil
		}
		if err := reserve(ctx, tx); err != nil {
			return err
		}
		if err := tx.Operations().Insert(ctx, op); errors.Is(err, ErrExists) {
			return refuse(ErrExists, "name", "is being taken by another request")
		} else if err != nil {
			return err
		}
		return nil
	})
	if err != nil {
		return c, unavailable(err, "reserve the name")
	}
	if err := json.Unmarshal(op.Intent, &c); err != nil {
		return c, fmt.Errorf("decode creation: %w", err)
	}
	if !op.Pending {
		return c, nil
	}
	return c, s.finishCreation(ctx, op)
}

// finishCreation does the second and third step; both can be repeated.
func (s *Service) finishCreation(ctx context.Context, op Operation) error {
	var c creation
	if err := json.Unmarshal(op.Intent, &c); err != nil {
		return fmt.Errorf("decode creation: %w", err)
	}
	var err error
	if c.Account != nil {
		err = s.demeter.CreateAccount(ctx, *c.Account, c.Project)
	} else {
		err = s.demeter.CreateProject(ctx, c.Project)
	}
	if errors.Is(err, ErrExists) || errors.Is(err, ErrNotFound) {
		return s.abandon(ctx, op, err)
	}
	if err != nil {
		return unavailable(err, "write the old database")
	}
	err = s.state.Update(ctx, func(ctx context.Context, tx Tx) error { return s.complete(ctx, tx, op, c) })
	if err != nil {
		return unavailable(err, "write the state")
	}
	s.changes.announce(c.Project.ID)
	return nil
}

// abandon gives the reservation back after the old database refused: it wrote
// nothing, so nothing of the creation is left.
func (s *Service) abandon(ctx context.Context, op Operation, cause error) error {
	err := s.state.Update(ctx, func(ctx context.Context, tx Tx) error {
		current, err := tx.Operations().Get(ctx, op.ID)
		if errors.Is(err, ErrNotFound) || err == nil && !current.Pending {
			return nil
		}
		if err != nil {
			return err
		}
		return tx.Operations().Delete(ctx, op.ID)
	})
	if err != nil {
		return unavailable(err, "give the name back")
	}
	if errors.Is(cause, ErrNotFound) {
		return refuse(ErrNotFound, "account_id", "the old database has no such account")
	}
	return refuse(ErrExists, "name", "is taken in the old database")
}

// complete is the one transaction that makes the creation visible: account,
// project, audit, outbox, and the end of the operation.
func (s *Service) complete(ctx context.Context, tx Tx, op Operation, c creation) error {
	current, err := tx.Operations().Get(ctx, op.ID)
	finished := op
	finished.Pending, finished.Reservation = false, ""
	switch {
	case errors.Is(err, ErrNotFound): // given up by another attempt, yet the old database took this one
		err = tx.Operations().Insert(ctx, finished)
	case err == nil && !current.Pending:
		return nil // a repeat or recovery was faster
	case err == nil:
		err = tx.Operations().Update(ctx, finished)
	}
	if err != nil {
		return err
	}
	if c.Account != nil {
		if err := s.completeAccount(ctx, tx, op, *c.Account); err != nil {
			return err
		}
	}
	return s.completeProject(ctx, tx, op, c.Project)
}

func (s *Service) completeAccount(ctx context.Context, tx Tx, op Operation, a Account) error {
	if err := tx.Accounts().Insert(ctx, a); err != nil {
		return err
	}
	entry := AuditEntry{Actor: op.Actor, Action: "account.create", AccountID: a.ID, Resource: a.ID}
	return s.record(ctx, tx, entry, nil, a)
}

func (s *Service) completeProject(ctx context.Context, tx Tx, op Operation, p Project) error {
	if err := s.place(ctx, tx, &p); err != nil {
		return err
	}
	if err := tx.Projects().Insert(ctx, p); err != nil {
		return err
	}
	if err := publishProject(ctx, tx, demeterevent.ProjectCreated, p, ""); err != nil {
		return err
	}
	entry := AuditEntry{Actor: op.Actor, Action: "project.create", AccountID: p.AccountID, Resource: p.ID}
	return s.record(ctx, tx, entry, nil, p)
}
