package management

import (
	"context"
	"encoding/json"
	"fmt"
)

// actorSystem is the actor of what no caller asked for.
const actorSystem = "system"

// record appends to the audit trail within the transaction of the change.
func (s *Service) record(ctx context.Context, tx Tx, e AuditEntry, before, after any) error {
	trail, err := s.enter(ctx, nil, e, before, after)
	if err != nil {
		return err
	}
	return tx.Audit().Insert(ctx, trail[0])
}

// enter completes the entry and appends it to a trail, which is to be stored.
func (s *Service) enter(ctx context.Context, trail []AuditEntry, e AuditEntry, before, after any) ([]AuditEntry, error) {
	e.ID, e.At = newID(), s.now()
	if e.Actor == "" {
		e.Actor = actorSystem
		if p, ok := ctx.Value(principalKey{}).(Principal); ok {
			e.Actor = p.KeyID
		}
	}
	var err error
	if e.Before, err = json.Marshal(before); err != nil {
		return nil, fmt.Errorf("audit %s: %w", e.Action, err)
	}
	if e.After, err = json.Marshal(after); err != nil {
		return nil, fmt.Errorf("audit %s: %w", e.Action, err)
	}
	return append(trail, e), nil
}

// ListAudit returns the audit trail of an account, oldest first; with an empty
// account, for operators, everybody's.
func (s *Service) ListAudit(ctx context.Context, accountID string, page Page) ([]AuditEntry, error) {
	need := rightAdmin
	if accountID == "" {
		need = rightOperate
	}
	if _, err := authorize(ctx, need, accountID, "account", "account_id"); err != nil {
		return nil, err
	}
	var entries []AuditEntry
	err := s.state.View(ctx, func(ctx context.Context, tx Tx) (err error) {
		entries, err = tx.Audit().List(ctx, Filter{AccountID: accountID, After: page.After, Limit: page.limit()})
		return err
	})
	return entries, unavailable(err, "list audit")
}
