package management

import (
	"context"
	"errors"
	"slices"
)

// errOvertaken is for an operation that was neither stored nor found: the one with
// its key was given up in between.
var errOvertaken = errors.New("overtaken by another request with the same key")

// reserve is the first step of creations: it stores the pending operations, or finds
// those that earlier attempts have stored, and counts them against the quota. Whether
// a name is taken the old database says in the second step: it has all.
func (s *Service) reserve(ctx context.Context, batch []*attempt) error {
	err := s.state.Update(ctx, func(ctx context.Context, tx Tx) error { return s.reserveIn(ctx, tx, batch) })
	tried(batch, err)
	return unavailable(err, "reserve")
}

// tried notes that the first step was carried out, or may have been.
func tried(batch []*attempt, err error) {
	for _, a := range batch {
		a.begun, a.reserved = true, err == nil
	}
}

func (s *Service) reserveIn(ctx context.Context, tx Tx, batch []*attempt) error {
	// Every attempt begins anew, because the transaction may.
	for _, a := range batch {
		a.op, a.creation, a.err = a.asked, a.wanted, nil
	}
	batch, err := withoutStored(ctx, tx, batch)
	if err != nil || len(batch) == 0 {
		return err
	}
	fresh, err := storePending(ctx, tx, batch)
	if err != nil {
		return err
	}
	refused, err := s.admit(ctx, tx, fresh)
	for _, a := range refused {
		if err == nil {
			err = tx.Operations().Delete(ctx, a.op.ID)
		}
	}
	return err
}

// withoutStored leaves out the attempts that were stored and counted before, by a
// transaction whose end was not told.
func withoutStored(ctx context.Context, tx Tx, batch []*attempt) ([]*attempt, error) {
	var ids []string
	for _, a := range batch {
		if a.begun {
			ids = append(ids, a.asked.ID)
		}
	}
	stored, err := tx.Operations().GetAll(ctx, ids...)
	if err != nil || len(stored) == 0 {
		return batch, err
	}
	return slices.DeleteFunc(slices.Clone(batch), func(a *attempt) bool {
		return slices.ContainsFunc(stored, func(op Operation) bool { return op.ID == a.asked.ID })
	}), nil
}

// storePending stores operations and returns the attempts whose were stored; the
// others get those that they repeat.
func storePending(ctx context.Context, tx Tx, batch []*attempt) (fresh []*attempt, err error) {
	ops := make([]Operation, len(batch))
	for i, a := range batch {
		ops[i] = a.asked
	}
	stored, err := tx.Operations().InsertAll(ctx, ops...)
	if err != nil || stored == len(batch) {
		return batch, err
	}
	keys := make([]string, len(batch))
	for i, op := range ops {
		keys[i] = op.Key
	}
	found, err := tx.Operations().List(ctx, Filter{Names: keys})
	if err != nil {
		return nil, err
	}
	byKey := make(map[string]Operation, len(found))
	for _, op := range found {
		byKey[op.Key] = op
	}
	for _, a := range batch {
		op, ok := byKey[a.asked.Key]
		switch {
		case !ok:
			return nil, errOvertaken
		case op.ID == a.asked.ID:
			fresh = append(fresh, a)
		case op.Fingerprint != a.asked.Fingerprint:
			a.err = otherRequest()
		default:
			a.op = op
			a.creation, a.err = decodeCreation(op)
		}
	}
	return fresh, nil
}

// admit counts new projects and returns the attempts that it refuses: those whose
// account does not exist, and the last of those for which it has no room.
func (s *Service) admit(ctx context.Context, tx Tx, fresh []*attempt) (refused []*attempt, err error) {
	more := map[string]int{}
	for _, a := range fresh {
		if a.creation.Account == nil {
			more[a.creation.Project.AccountID]++
		}
	}
	totals, err := tx.AddProjects(ctx, more)
	if err != nil {
		return nil, err
	}
	back := map[string]int{} // negative
	for _, a := range slices.Backward(fresh) {
		owner := a.creation.Project.AccountID
		total, known := totals[owner]
		switch {
		case a.creation.Account != nil:
			continue
		case !known:
			a.err = notFound("account", "account_id")
		case total+back[owner] > s.cfg.ProjectsPerAccount:
			a.err = refuse(ErrQuota, "account_id", "has all of its %d projects", s.cfg.ProjectsPerAccount)
			back[owner]--
		default:
			continue
		}
		refused = append(refused, a)
	}
	_, err = tx.AddProjects(ctx, back)
	return refused, err
}

// count adds to the projects of the operation's account when it creates one.
func count(ctx context.Context, tx Tx, op Operation, more int) error {
	if op.Type != OpCreateProject {
		return nil
	}
	_, err := tx.AddProjects(ctx, map[string]int{op.AccountID: more})
	return err
}
