package management

import (
	"context"
	"errors"

	"github.com/hexplane/hexplane/internal/demeterevent"
)

// complete is the third step of creations, the one transaction that makes them
// visible: accounts, projects, audit, outbox, and the end of the operations.
func (s *Service) complete(ctx context.Context, batch []*attempt) error {
	err := s.state.Update(ctx, func(ctx context.Context, tx Tx) error { return s.completeIn(ctx, tx, batch) })
	return unavailable(err, "write the state")
}

// completeAndReserve does the third step of a batch and the first of the next in one
// transaction. When it fails both are to be done apart.
func (s *Service) completeAndReserve(ctx context.Context, batch, next []*attempt) error {
	err := s.state.Update(ctx, func(ctx context.Context, tx Tx) error {
		if err := s.completeIn(ctx, tx, batch); err != nil {
			return err
		}
		return s.reserveIn(ctx, tx, next)
	})
	tried(next, err)
	if err != nil {
		s.cfg.Logger.WarnContext(ctx, "shared transaction failed, its steps are done apart", "error", err)
	}
	return err
}

func (s *Service) completeIn(ctx context.Context, tx Tx, batch []*attempt) error {
	mine, err := endOperations(ctx, tx, batch)
	if err != nil || len(mine) == 0 {
		return err
	}
	clusters, err := clusterIndex(ctx, tx)
	if err != nil {
		return err
	}
	var all created
	for _, a := range mine {
		if err := s.add(ctx, tx, &all, a, clusters); err != nil {
			return err
		}
	}
	return all.insert(ctx, tx)
}

// created collects what a batch of creations writes.
type created struct {
	accounts []Account
	projects []Project
	trail    []AuditEntry
}

func (s *Service) add(ctx context.Context, tx Tx, to *created, a *attempt, clusters map[string]Cluster) (err error) {
	if account := a.creation.Account; account != nil {
		to.accounts = append(to.accounts, *account)
		entry := AuditEntry{Actor: a.op.Actor, Action: "account.create", AccountID: account.ID, Resource: account.ID}
		if to.trail, err = s.enter(ctx, to.trail, entry, nil, account); err != nil {
			return err
		}
	}
	p := a.creation.Project
	s.place(&p, clusters)
	to.projects = append(to.projects, p)
	entry := AuditEntry{Actor: a.op.Actor, Action: "project.create", AccountID: p.AccountID, Resource: p.ID}
	if to.trail, err = s.enter(ctx, to.trail, entry, nil, p); err != nil {
		return err
	}
	a.view = &ProjectView{Project: p, States: states(p.Clusters, p.Generation, nil, clusters)}
	return publishProject(a.ctx, tx, demeterevent.ProjectCreated, p, "")
}

func (c *created) insert(ctx context.Context, tx Tx) error {
	if err := insertEach(ctx, tx.Accounts(), c.accounts); err != nil {
		return err
	}
	if err := insertEach(ctx, tx.Projects(), c.projects); err != nil {
		return err
	}
	return insertEach(ctx, tx.Audit(), c.trail)
}

// endOperations returns the attempts that it has ended, so that what they create
// is to be written: not those that a repeat or recovery ended before.
func endOperations(ctx context.Context, tx Tx, batch []*attempt) ([]*attempt, error) {
	ids := make([]string, len(batch))
	for i, a := range batch {
		ids[i], a.view = a.op.ID, nil
	}
	ended, err := tx.FinishOperations(ctx, ids...)
	if err != nil {
		return nil, err
	}
	did := make(map[string]bool, len(ended))
	for _, id := range ended {
		did[id] = true
	}
	var mine []*attempt
	for _, a := range batch {
		if !did[a.op.ID] {
			gone, err := insertEnded(ctx, tx, a.op)
			if err != nil {
				return nil, err
			}
			if !gone {
				continue
			}
		}
		mine = append(mine, a)
	}
	return mine, nil
}

// insertEnded stores an operation that another attempt gave up although the old
// database took this one, and what it counts for.
func insertEnded(ctx context.Context, tx Tx, op Operation) (gone bool, err error) {
	_, err = tx.Operations().Get(ctx, op.ID)
	if !errors.Is(err, ErrNotFound) {
		return false, err
	}
	op.Pending = false
	if err := tx.Operations().Insert(ctx, op); err != nil {
		return true, err
	}
	return true, count(ctx, tx, op, 1)
}

// insertEach inserts all rows or fails with ErrExists.
func insertEach[T any](ctx context.Context, table Table[T], rows []T) error {
	if len(rows) == 0 {
		return nil
	}
	stored, err := table.InsertAll(ctx, rows...)
	if err == nil && stored < len(rows) {
		return ErrExists
	}
	return err
}
