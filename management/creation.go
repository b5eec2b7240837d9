package management

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// creation is the intent of CreateAccount and CreateProject: everything that
// will be written, decided before the first write. Account is nil for a project.
type creation struct {
	Account *Account `json:"account,omitempty"`
	Project Project  `json:"project"`
}

func decodeCreation(op Operation) (c creation, err error) {
	if err := json.Unmarshal(op.Intent, &c); err != nil {
		return c, fmt.Errorf("decode %s %s: %w", op.Type, op.ID, err)
	}
	if c.Account != nil {
		c.Account.Projects = 1
	}
	return c, nil
}

// attempt is one creation on its way through the protocol that the package
// documentation describes.
type attempt struct {
	ctx context.Context //nolint:containedctx // of its own caller, whose trace the event continues

	// What this request would have, and what is carried out: the same, or what an
	// earlier request with the same key had.
	asked    Operation
	wanted   creation
	op       Operation
	creation creation

	// What has come of it: a refusal or failure, or the project as it was
	// completed here. Neither when an earlier attempt did all.
	err  error
	view *ProjectView

	// Whether the first step was begun here, so that its operation may be stored
	// even if it was not told, and whether it is done.
	begun, reserved bool
}

// creationsAtOnce is how many creations share the transactions of a batch.
const creationsAtOnce = 256

// create runs the protocol for one creation, together with those of other
// callers that come at the same time.
func (s *Service) create(ctx context.Context, op Operation, c creation) (*attempt, error) {
	raw, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encode creation: %w", err)
	}
	op.Intent, op.Pending = raw, true
	a, err := s.creations.Do(ctx, struct{}{}, &attempt{ctx: ctx, asked: op, wanted: c})
	if err == nil && a.err != nil {
		err = cmp.Or(ctx.Err(), a.err)
	}
	return a, unavailable(err, "create")
}

// createAll carries each attempt to its own end: done, refused, or failed. The last
// step of the batch goes with the first of the one ahead.
func (s *Service) createAll(ctx context.Context, _ struct{}, batch []*attempt, ahead func() []*attempt) ([]*attempt, error) {
	for rest := batch; len(rest) > 0; {
		var now, next []*attempt
		now, rest = apart(rest)
		together(unreserved(now), func(part []*attempt) error { return s.reserve(ctx, part) })
		now = standing(now)
		s.writeOld(ctx, now)
		now = standing(now)
		if len(rest) == 0 {
			next, _ = apart(ahead())
		}
		if len(next) == 0 || s.completeAndReserve(ctx, now, next) != nil {
			together(now, func(part []*attempt) error { return s.complete(ctx, part) })
		}
		s.announce(now)
	}
	return batch, nil
}

// apart takes a first attempt for every idempotency key; those that repeat one
// come after it.
func apart(batch []*attempt) (first, rest []*attempt) {
	keys := make(map[string]bool, len(batch))
	for _, a := range batch {
		if keys[a.asked.Key] {
			rest = append(rest, a)
			continue
		}
		keys[a.asked.Key] = true
		first = append(first, a)
	}
	return first, rest
}

func unreserved(batch []*attempt) []*attempt {
	return slices.DeleteFunc(slices.Clone(batch), func(a *attempt) bool { return a.reserved })
}

// fail notes that a step could not be done.
func (a *attempt) fail(err error) { a.err = err }

// together does a step for a batch in one go. Should that fail, each of the batch
// has it done alone: what one of them holds cannot fail the others.
func together[T interface{ fail(err error) }](batch []T, step func(part []T) error) {
	if len(batch) == 0 {
		return
	}
	err := step(batch)
	switch {
	case err == nil:
	case len(batch) == 1:
		batch[0].fail(err)
	default:
		for i := range batch {
			together(batch[i:i+1], step)
		}
	}
}

// standing returns the attempts that are neither refused nor done.
func standing(batch []*attempt) []*attempt {
	var left []*attempt
	for _, a := range batch {
		if a.err == nil && a.op.Pending {
			left = append(left, a)
		}
	}
	return left
}

// finishAll does the second and third step of pending operations; both can be
// repeated.
func (s *Service) finishAll(ctx context.Context, batch []*attempt) {
	s.writeOld(ctx, batch)
	batch = standing(batch)
	together(batch, func(part []*attempt) error { return s.complete(ctx, part) })
	s.announce(batch)
}

// announce tells those who watch what was created.
func (s *Service) announce(batch []*attempt) {
	for _, a := range batch {
		if a.err == nil {
			s.changes.announce(a.creation.Project.ID)
		}
	}
}

// writeOld is the second step of creations. What the old database refuses is given
// up.
func (s *Service) writeOld(ctx context.Context, batch []*attempt) {
	var projects []*attempt
	for _, a := range batch {
		if a.creation.Account == nil {
			projects = append(projects, a)
			continue
		}
		a.err = unavailable(s.demeter.CreateAccount(ctx, *a.creation.Account, a.creation.Project), "write the old database")
	}
	together(projects, func(part []*attempt) error { return s.writeOldProjects(ctx, part) })
	for _, a := range batch {
		if errors.Is(a.err, ErrExists) || errors.Is(a.err, ErrNotFound) {
			a.err = s.abandon(ctx, a.op, a.err)
		}
	}
}

func (s *Service) writeOldProjects(ctx context.Context, batch []*attempt) error {
	projects := make([]Project, len(batch))
	for i, a := range batch {
		projects[i] = a.creation.Project
	}
	refused, err := s.demeter.CreateProjects(ctx, projects...)
	if err != nil {
		return unavailable(err, "write the old database")
	}
	for _, a := range batch {
		a.err = refused[a.creation.Project.ID]
	}
	return nil
}

// abandon forgets an operation that the old database refused: it wrote nothing, so
// nothing of the creation is left.
func (s *Service) abandon(ctx context.Context, op Operation, cause error) error {
	err := s.state.Update(ctx, func(ctx context.Context, tx Tx) error {
		current, err := tx.Operations().Get(ctx, op.ID)
		if errors.Is(err, ErrNotFound) || err == nil && !current.Pending {
			return nil
		}
		if err != nil {
			return err
		}
		if err := tx.Operations().Delete(ctx, op.ID); err != nil {
			return err
		}
		return count(ctx, tx, op, -1)
	})
	if err != nil {
		return unavailable(err, "forget the creation")
	}
	if errors.Is(cause, ErrNotFound) {
		return refuse(ErrNotFound, "account_id", "the old database has no such account")
	}
	return refuse(ErrExists, "name", "is taken")
}
