package management

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/hexplane/hexplane/internal/groupcommit"
)

// Service is the management domain: every use case, over the ports. Its methods
// are safe for concurrent use, also by several processes over the same stores.
type Service struct {
	cfg     Config
	state   StateStore
	demeter DemeterStore
	specs   SpecChecker
	changes *changes

	creations *groupcommit.Group[struct{}, *attempt, *attempt]
	logins    *groupcommit.Group[struct{}, string, *APIKey]
	sightings *groupcommit.Group[struct{}, *sighting, *sighting]
}

// New returns a Service. It does nothing by itself: call [Service.Recover] before
// serving and [Service.Run] while serving.
func New(state StateStore, demeter DemeterStore, specs SpecChecker, cfg Config) *Service {
	s := &Service{
		cfg: cfg.withDefaults(), state: state, demeter: demeter, specs: specs,
		changes: newChanges(),
	}
	s.creations = groupcommit.NewLookingAhead(creationsAtOnce, s.createAll)
	s.sightings = groupcommit.New(sightingsAtOnce, s.observeAll)
	s.logins = groupcommit.New(loginsAtOnce, s.readKeys)
	return s
}

// Page asks for at most Limit rows (default 100, at most 1000) whose id is
// greater than After.
type Page struct {
	After string
	Limit int
}

func (p Page) limit() int {
	const usual, most = 100, 1000
	switch {
	case p.Limit <= 0:
		return usual
	case p.Limit > most:
		return most
	default:
		return p.Limit
	}
}

func (s *Service) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Microsecond) }

// Run does the background work until ctx ends: it finishes what crashes left
// pending, turns silence into degraded, ends restore windows, sends snapshots.
// It returns nil. Running it in several processes is harmless.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(s.cfg.SweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
				s.cfg.Logger.ErrorContext(ctx, "management sweep failed, will repeat", "error", err)
			}
		}
	}
}

// Sweep does one round of the background work. A part that fails does not keep
// the others from being done; the errors are joined.
func (s *Service) Sweep(ctx context.Context) error {
	return errors.Join(
		s.recoverAbandoned(ctx),
		s.forgetKeys(ctx),
		s.sweepHeartbeats(ctx),
		s.sweepProjects(ctx),
		s.sweepPorts(ctx),
		s.sweepPurges(ctx),
		s.sweepSnapshots(ctx),
	)
}

// newID returns a time-ordered id that is also a DNS label and a label value.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// unavailable wraps a store's failure: a refusal passes as it is, anything else
// tells the caller to repeat.
func unavailable(err error, doing string) error {
	if _, ok := errors.AsType[*Error](err); ok || err == nil {
		return err
	}
	return fmt.Errorf("%w: %s: %w", ErrUnavailable, doing, err)
}
