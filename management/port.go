package management

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/hexplane/hexplane/internal/demeterevent"
)

// NewPort asks for a port.
type NewPort struct {
	ProjectID      string
	Kind           string
	Spec           json.RawMessage // a JSON object
	IdempotencyKey string          `json:"-"`
}

// PortView is a port with what each cluster last said of it.
type PortView struct {
	Port

	States map[string]ClusterState // by cluster id
}

// CreatePort creates a port of a registered kind, with a spec that the kind's
// schema admits, in every cluster of the project.
func (s *Service) CreatePort(ctx context.Context, req NewPort) (PortView, error) {
	if err := s.mayProject(ctx, req.ProjectID, rightPorts); err != nil {
		return PortView{}, err
	}
	spec, err := canonical(req.Spec)
	if err != nil {
		return PortView{}, err
	}
	req.Spec = spec
	caller, _ := ctx.Value(principalKey{}).(Principal)
	op, err := s.newOperation(caller, OpCreatePort, req.IdempotencyKey, req)
	if err != nil {
		return PortView{}, err
	}
	op.ResourceID = newID()
	err = s.state.Update(ctx, func(ctx context.Context, tx Tx) error {
		earlier, ok, err := repeated(ctx, tx, op)
		if ok {
			op.ResourceID = earlier.ResourceID
		}
		if err != nil || ok {
			return err
		}
		return s.insertPort(ctx, tx, op, req)
	})
	if err != nil {
		return PortView{}, unavailable(err, "write the state")
	}
	s.changes.announce(req.ProjectID)
	return s.viewPort(ctx, op.ResourceID)
}

func (s *Service) insertPort(ctx context.Context, tx Tx, op Operation, req NewPort) error {
	p, err := liveProject(ctx, tx, req.ProjectID)
	if err != nil {
		return err
	}
	if err := s.checkSpec(ctx, tx, req.Kind, req.Spec); err != nil {
		return err
	}
	existing, err := tx.Ports().Count(ctx, Filter{ProjectID: p.ID})
	if err != nil {
		return err
	}
	if existing >= s.cfg.PortsPerProject {
		return refuse(ErrQuota, "project_id", "has all of its %d ports", s.cfg.PortsPerProject)
	}
	op.AccountID = p.AccountID
	if err := tx.Operations().Insert(ctx, op); err != nil {
		return err
	}
	p.Sequence++
	if err := tx.Projects().Update(ctx, p); err != nil {
		return err
	}
	port := Port{
		ID: op.ResourceID, ProjectID: p.ID, AccountID: p.AccountID, Kind: req.Kind, Spec: req.Spec,
		Generation: p.Sequence, CreatedAt: op.CreatedAt, CheckAt: s.now().Add(s.cfg.SilenceDeadline),
	}
	if err := tx.Ports().Insert(ctx, port); err != nil {
		return err
	}
	if err := publishPort(ctx, tx, demeterevent.PortCreated, p, port, ""); err != nil {
		return err
	}
	entry := AuditEntry{Action: "port.create", AccountID: p.AccountID, Resource: port.ID}
	return s.record(ctx, tx, entry, nil, port)
}

// canonical admits a JSON object of at most 64 KiB and removes its white space.
func canonical(spec json.RawMessage) (json.RawMessage, error) {
	const most = 64 << 10
	var object map[string]json.RawMessage
	var compact bytes.Buffer
	if len(spec) > most || json.Unmarshal(spec, &object) != nil || object == nil || json.Compact(&compact, spec) != nil {
		return nil, refuse(ErrInvalid, "spec", "must be a JSON object of at most %d bytes", most)
	}
	return compact.Bytes(), nil
}

func (s *Service) checkSpec(ctx context.Context, tx Tx, kind string, spec json.RawMessage) error {
	k, err := tx.Kinds().Get(ctx, kind)
	if errors.Is(err, ErrNotFound) {
		return refuse(ErrInvalid, "kind", "is not registered")
	}
	if err != nil {
		return err
	}
	wrong, err := s.specs.Check(k.Schema, spec)
	if err != nil {
		return fmt.Errorf("check spec against kind %s: %w", kind, err)
	}
	v := violations(wrong)
	return v.err()
}

func liveProject(ctx context.Context, tx Tx, id string) (Project, error) {
	p, err := tx.Projects().Get(ctx, id)
	if err != nil {
		return p, missing(err, "project", "project_id")
	}
	if !p.DeletedAt.IsZero() {
		return p, refuse(ErrPrecondition, "project_id", "the project is deleted; restore it first")
	}
	return p, nil
}

// GetPort returns a port and its state in each cluster.
func (s *Service) GetPort(ctx context.Context, id string) (PortView, error) {
	return s.mayPort(ctx, id, rightRead)
}

func (s *Service) mayPort(ctx context.Context, id string, need right) (PortView, error) {
	view, err := s.viewPort(ctx, id)
	if err != nil {
		return PortView{}, err
	}
	if _, err := authorize(ctx, need, view.AccountID, "port", "port_id"); err != nil {
		return PortView{}, err
	}
	return view, nil
}

func (s *Service) viewPort(ctx context.Context, id string) (PortView, error) {
	return read(ctx, s, "port", "port_id", func(ctx context.Context, tx Tx) (PortView, error) {
		port, err := tx.Ports().Get(ctx, id)
		if err != nil {
			return PortView{}, err
		}
		views, err := portViews(ctx, tx, port.ProjectID, port)
		if err != nil {
			return PortView{}, err
		}
		return views[0], nil
	})
}

// ListPorts returns the ports of a project.
func (s *Service) ListPorts(ctx context.Context, projectID string, page Page) ([]PortView, error) {
	if err := s.mayProject(ctx, projectID, rightRead); err != nil {
		return nil, err
	}
	return read(ctx, s, "project", "project_id", func(ctx context.Context, tx Tx) ([]PortView, error) {
		ports, err := tx.Ports().List(ctx, Filter{ProjectID: projectID, After: page.After, Limit: page.limit()})
		if err != nil {
			return nil, err
		}
		return portViews(ctx, tx, projectID, ports...)
	})
}

func portViews(ctx context.Context, tx Tx, projectID string, ports ...Port) ([]PortView, error) {
	p, err := tx.Projects().Get(ctx, projectID)
	if err != nil {
		return nil, err
	}
	clusters, err := clusterIndex(ctx, tx)
	if err != nil {
		return nil, err
	}
	said, err := statusesOf(ctx, tx, ports, func(p Port) string { return p.ID })
	if err != nil {
		return nil, err
	}
	views := make([]PortView, len(ports))
	for i, port := range ports {
		views[i] = PortView{Port: port, States: states(p.Clusters, port.Generation, said[port.ID], clusters)}
	}
	return views, nil
}
