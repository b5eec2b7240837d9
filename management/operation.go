package management

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// recoverAfter is the age at which a pending operation is taken to be abandoned
// by the request that began it. Finishing it twice is harmless.
const recoverAfter = 10 * time.Second

// newOperation describes the request for the operations table. The idempotency
// key counts per caller and method; without one the request is never a repeat.
func (s *Service) newOperation(p Principal, t OperationType, key string, request any) (Operation, error) {
	raw, err := json.Marshal(request)
	if err != nil {
		return Operation{}, fmt.Errorf("fingerprint request: %w", err)
	}
	sum := sha256.Sum256(raw)
	op := Operation{ID: newID(), Actor: p.KeyID, Type: t, Fingerprint: hex.EncodeToString(sum[:]), CreatedAt: s.now()}
	if key == "" {
		op.Key = op.ID
	} else {
		op.Key = p.KeyID + "/" + string(t) + "/" + key
	}
	return op, nil
}

// repeated finds the operation that the same request began earlier.
func repeated(ctx context.Context, tx Tx, op Operation) (Operation, bool, error) {
	if op.Key == op.ID {
		return op, false, nil
	}
	found, err := tx.Operations().List(ctx, Filter{Names: []string{op.Key}})
	if err != nil || len(found) == 0 {
		return op, false, err
	}
	if found[0].Fingerprint != op.Fingerprint {
		return op, false, otherRequest()
	}
	return found[0], true, nil
}

func otherRequest() *Error {
	return refuse(ErrInvalid, "idempotency_key", "was used for a different request")
}

// Recover finishes every pending operation, whatever its age: call it at start,
// before serving. What a store refuses to finish now stays pending for [Service.Run].
func (s *Service) Recover(ctx context.Context) error { return s.recover(ctx, Filter{}) }

// recoverAbandoned finishes creations that are old enough to have been abandoned,
// and carries every change of a project to the old database.
func (s *Service) recoverAbandoned(ctx context.Context) error {
	return errors.Join(
		s.recover(ctx, Filter{Type: OpSyncProject}),
		s.recover(ctx, Filter{Before: s.now().Add(-recoverAfter)}),
	)
}

func (s *Service) recover(ctx context.Context, which Filter) error {
	const batch = 100
	which.Pending, which.Limit = true, batch
	var failed []error
	for {
		var ops []Operation
		err := s.state.View(ctx, func(ctx context.Context, tx Tx) (err error) {
			ops, err = tx.Operations().List(ctx, which)
			return err
		})
		if err != nil {
			return fmt.Errorf("list pending operations: %w", err)
		}
		if len(ops) > 0 {
			which.After = ops[len(ops)-1].ID
		}
		failed = append(failed, s.finishCreations(ctx, ops), s.finishSyncs(ctx, ops))
		if len(ops) < batch || ctx.Err() != nil {
			return errors.Join(failed...)
		}
	}
}

// finishCreations carries pending creations to their end. A refusal is an end.
func (s *Service) finishCreations(ctx context.Context, ops []Operation) error {
	var batch []*attempt
	var failed []error
	for _, op := range ops {
		if op.Type != OpCreateAccount && op.Type != OpCreateProject {
			continue
		}
		c, err := decodeCreation(op)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		batch = append(batch, &attempt{ctx: ctx, op: op, creation: c})
	}
	s.finishAll(ctx, batch)
	for _, a := range batch {
		switch {
		case errors.Is(a.err, ErrExists), errors.Is(a.err, ErrNotFound):
			s.cfg.Logger.WarnContext(ctx, "interrupted creation was refused", "operation", a.op.ID, "error", a.err)
		case a.err != nil:
			failed = append(failed, fmt.Errorf("finish %s %s: %w", a.op.Type, a.op.ID, a.err))
		}
	}
	return errors.Join(failed...)
}

// finishSyncs carries changes of projects to the old database.
func (s *Service) finishSyncs(ctx context.Context, ops []Operation) error {
	var failed []error
	for _, op := range ops {
		if op.Type != OpSyncProject {
			continue
		}
		if err := s.syncProject(ctx, op); err != nil {
			failed = append(failed, fmt.Errorf("finish %s %s: %w", op.Type, op.ID, err))
		}
	}
	return errors.Join(failed...)
}

// forgetKeys removes finished operations past their retention.
func (s *Service) forgetKeys(ctx context.Context) error {
	const batch = 500
	old := Filter{Before: s.now().Add(-s.cfg.KeyRetention), Finished: true, Limit: batch}
	var due []Operation
	err := s.state.View(ctx, func(ctx context.Context, tx Tx) (err error) {
		due, err = tx.Operations().List(ctx, old)
		return err
	})
	if err != nil || len(due) == 0 {
		return err
	}
	return s.state.Update(ctx, func(ctx context.Context, tx Tx) error {
		for _, op := range due {
			if err := tx.Operations().Delete(ctx, op.ID); err != nil {
				return err
			}
		}
		return nil
	})
}
