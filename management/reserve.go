package management

import (
	"context"
	"slices"
)

// reserve is the first step of creations: it checks quotas and stores the pending
// operations, or finds those that earlier attempts have stored. Whether a name is
// taken by what exists, the old database says in the second step: it has all.
func (s *Service) reserve(ctx context.Context, batch []*attempt) error {
	err := s.state.Update(ctx, func(ctx context.Context, tx Tx) error {
		fresh, err := findRepeated(ctx, tx, batch)
		if err != nil || len(fresh) == 0 {
			return err
		}
		r, err := lookAround(ctx, tx, fresh)
		if err != nil {
			return err
		}
		var admitted []Operation
		for _, a := range fresh {
			if a.err = r.admit(a.creation, s.cfg.ProjectsPerAccount); a.err == nil {
				admitted = append(admitted, a.asked)
			}
		}
		stored, err := tx.Operations().InsertAll(ctx, admitted...)
		if err != nil || stored == len(admitted) {
			return err
		}
		return refuseTaken(ctx, tx, fresh)
	})
	return unavailable(err, "reserve")
}

// findRepeated gives attempts the operations that they repeat and returns the
// others. Every attempt begins anew, because the transaction may.
func findRepeated(ctx context.Context, tx Tx, batch []*attempt) (fresh []*attempt, err error) {
	keys := make([]string, len(batch))
	for i, a := range batch {
		keys[i] = a.asked.Key
		a.op, a.creation, a.err = a.asked, a.wanted, nil
	}
	found, err := tx.Operations().List(ctx, Filter{Names: keys})
	if err != nil {
		return nil, err
	}
	earlier := make(map[string]Operation, len(found))
	for _, op := range found {
		earlier[op.Key] = op
	}
	for _, a := range batch {
		op, ok := earlier[a.asked.Key]
		switch {
		case !ok:
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

// refuseTaken refuses the admitted attempts whose operation was not stored.
func refuseTaken(ctx context.Context, tx Tx, batch []*attempt) error {
	ids := make([]string, len(batch))
	for i, a := range batch {
		ids[i] = a.asked.ID
	}
	stored, err := tx.Operations().GetAll(ctx, ids...)
	for _, a := range batch {
		mine := func(op Operation) bool { return op.ID == a.asked.ID }
		if a.err == nil && !slices.ContainsFunc(stored, mine) {
			a.err = refuse(ErrExists, "name", "is being taken by another request")
		}
	}
	return err
}

// room is what the accounts of a batch of creations have. They are locked, so that
// it stays true until the reservations are written.
type room struct {
	accounts map[string]bool // those that exist
	projects map[string]int  // per account, with those reserved
}

func lookAround(ctx context.Context, tx Tx, batch []*attempt) (room, error) {
	r := room{accounts: map[string]bool{}, projects: map[string]int{}}
	var owners []string
	for _, a := range batch {
		if a.creation.Account == nil {
			owners = append(owners, a.creation.Project.AccountID)
		}
	}
	if len(owners) == 0 {
		return r, nil
	}
	accounts, err := tx.Accounts().GetAll(ctx, owners...)
	if err != nil {
		return r, err
	}
	for _, a := range accounts {
		r.accounts[a.ID] = true
	}
	existing, err := tx.Projects().CountByAccount(ctx, Filter{AccountIDs: owners})
	if err != nil {
		return r, err
	}
	reserved, err := tx.Operations().CountByAccount(ctx, Filter{AccountIDs: owners, Pending: true, Type: OpCreateProject})
	for _, id := range owners {
		r.projects[id] = existing[id] + reserved[id]
	}
	return r, err
}

// admit refuses what there is no room for, and gives the room away otherwise.
func (r room) admit(c creation, quota int) error {
	if c.Account != nil {
		return nil
	}
	owner := c.Project.AccountID
	if !r.accounts[owner] {
		return notFound("account", "account_id")
	}
	if r.projects[owner] >= quota {
		return refuse(ErrQuota, "account_id", "has all of its %d projects", quota)
	}
	r.projects[owner]++
	return nil
}
