package management

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
)

// reserve is the first step of creations: it checks names and quotas and stores
// the pending operations, or finds those that earlier attempts have stored.
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
			if a.err = r.admit(a.asked, a.creation, s.cfg.ProjectsPerAccount); a.err == nil {
				admitted = append(admitted, a.asked)
			}
		}
		stored, err := tx.Operations().InsertAll(ctx, admitted...)
		if err != nil || stored == len(admitted) {
			return err
		}
		return refuseTaken(ctx, tx, fresh)
	})
	return unavailable(err, "reserve the name")
}

// findRepeated gives attempts the operations that they repeat and returns the
// others. Every attempt begins anew, because the transaction may.
func findRepeated(ctx context.Context, tx Tx, batch []*attempt) (fresh []*attempt, err error) {
	keys := make([]string, len(batch))
	for i, a := range batch {
		keys[i], a.op, a.err = a.asked.Key, a.asked, nil
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
			if err := json.Unmarshal(op.Intent, &a.creation); err != nil {
				a.err = fmt.Errorf("decode creation: %w", err)
			}
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

// room is what a batch of creations finds, of what they ask for. The accounts
// are locked, so that it stays true until the reservations are written.
type room struct {
	accounts map[string]bool // those that exist
	names    map[string]bool // those taken, as reservations
	projects map[string]int  // per account, with those reserved
}

func lookAround(ctx context.Context, tx Tx, batch []*attempt) (room, error) {
	r := room{accounts: map[string]bool{}, names: map[string]bool{}, projects: map[string]int{}}
	var owners, projectNames, accountNames []string
	for _, a := range batch {
		p := a.creation.Project
		if a.creation.Account != nil {
			accountNames = append(accountNames, a.creation.Account.Name)
			continue
		}
		owners, projectNames = append(owners, p.AccountID), append(projectNames, p.Name)
	}
	if len(accountNames) > 0 {
		taken, err := tx.Accounts().List(ctx, Filter{Names: accountNames})
		if err != nil {
			return r, err
		}
		for _, a := range taken {
			r.names[accountReservation(a.Name)] = true
		}
	}
	if len(owners) == 0 {
		return r, nil
	}
	return r, r.lookIntoAccounts(ctx, tx, owners, projectNames)
}

func (r room) lookIntoAccounts(ctx context.Context, tx Tx, owners, names []string) error {
	accounts, err := tx.Accounts().GetAll(ctx, owners...)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		r.accounts[a.ID] = true
	}
	taken, err := tx.Projects().List(ctx, Filter{AccountIDs: owners, Names: names})
	if err != nil {
		return err
	}
	for _, p := range taken {
		r.names[projectReservation(p.AccountID, p.Name)] = true
	}
	existing, err := tx.Projects().CountByAccount(ctx, Filter{AccountIDs: owners})
	if err != nil {
		return err
	}
	reserved, err := tx.Operations().CountByAccount(ctx, Filter{AccountIDs: owners, Pending: true, Type: OpCreateProject})
	if err != nil {
		return err
	}
	for _, id := range owners {
		r.projects[id] = existing[id] + reserved[id]
	}
	return nil
}

// admit refuses what there is no room for, and gives the room away otherwise.
func (r room) admit(op Operation, c creation, quota int) error {
	p := c.Project
	switch {
	case c.Account == nil && !r.accounts[p.AccountID]:
		return notFound("account", "account_id")
	case r.names[op.Reservation]:
		return refuse(ErrExists, "name", "is taken")
	case c.Account == nil && r.projects[p.AccountID] >= quota:
		return refuse(ErrQuota, "account_id", "has all of its %d projects", quota)
	}
	r.projects[p.AccountID]++
	return nil
}
