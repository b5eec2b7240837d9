package management

import (
	"context"
	"errors"
	"time"
)

var noTime time.Time

// writeProject stores a changed project with the pending operation that carries
// the change to the old database.
func (s *Service) writeProject(ctx context.Context, tx Tx, p *Project) (Operation, error) {
	p.Revision++
	op := s.syncOperation(*p)
	if err := tx.Projects().Update(ctx, *p); err != nil {
		return op, err
	}
	return op, tx.Operations().Insert(ctx, op)
}

func (s *Service) syncOperation(p Project) Operation {
	id := newID()
	return Operation{
		ID: id, Key: id, Actor: actorSystem, Type: OpSyncProject, Pending: true,
		AccountID: p.AccountID, ResourceID: p.ID, CreatedAt: s.now(),
	}
}

// syncProject makes the old database agree with the state about one project,
// then forgets the operation. The revision keeps two of them from crossing.
func (s *Service) syncProject(ctx context.Context, op Operation) error {
	var p Project
	gone := false
	err := s.state.View(ctx, func(ctx context.Context, tx Tx) (err error) {
		p, err = tx.Projects().Get(ctx, op.ResourceID)
		if errors.Is(err, ErrNotFound) {
			gone = true
			return nil
		}
		return err
	})
	if err != nil {
		return unavailable(err, "read the project")
	}
	if gone {
		err = s.demeter.RemoveProject(ctx, op.ResourceID)
	} else {
		err = s.demeter.SaveProject(ctx, p)
	}
	if err != nil {
		return unavailable(err, "write the old database")
	}
	err = s.state.Update(ctx, func(ctx context.Context, tx Tx) error {
		return tx.Operations().Delete(ctx, op.ID)
	})
	return unavailable(err, "finish the operation")
}
