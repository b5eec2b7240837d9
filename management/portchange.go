package management

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/hexplane/hexplane/internal/demeterevent"
)

// UpdatePort replaces the spec of a port; the same spec again changes nothing.
func (s *Service) UpdatePort(ctx context.Context, id string, spec json.RawMessage) (PortView, error) {
	spec, err := canonical(spec)
	if err != nil {
		return PortView{}, err
	}
	return s.changePort(ctx, id, "port.update", demeterevent.PortUpdated,
		func(ctx context.Context, tx Tx, port *Port) (bool, error) {
			if !port.DeletedAt.IsZero() {
				return false, refuse(ErrPrecondition, "port_id", "the port is being deleted")
			}
			if err := s.checkSpec(ctx, tx, port.Kind, spec); err != nil {
				return false, err
			}
			changed := !bytes.Equal(port.Spec, spec)
			port.Spec = spec
			return changed, nil
		})
}

// DeletePort removes a port from every cluster. It stays visible until all of
// them confirm; deleting it again meanwhile changes nothing.
func (s *Service) DeletePort(ctx context.Context, id string) (PortView, error) {
	return s.changePort(ctx, id, "port.delete", demeterevent.PortDeleted,
		func(_ context.Context, _ Tx, port *Port) (bool, error) {
			changed := port.DeletedAt.IsZero()
			if changed {
				port.DeletedAt = s.now()
			}
			return changed, nil
		})
}

func (s *Service) changePort(ctx context.Context, id, action, eventType string,
	mutate func(ctx context.Context, tx Tx, port *Port) (bool, error),
) (PortView, error) {
	view, err := s.mayPort(ctx, id, rightPorts)
	if err != nil {
		return PortView{}, err
	}
	err = s.state.Update(ctx, func(ctx context.Context, tx Tx) error {
		p, err := liveProject(ctx, tx, view.ProjectID)
		if err != nil {
			return err
		}
		before, err := tx.Ports().Get(ctx, id)
		if err != nil {
			return missing(err, "port", "port_id")
		}
		port := before
		changed, err := mutate(ctx, tx, &port)
		if err != nil || !changed {
			return err
		}
		if err := s.advancePort(ctx, tx, &p, &port, eventType); err != nil {
			return err
		}
		view.Port = port
		entry := AuditEntry{Action: action, AccountID: p.AccountID, Resource: id}
		if err := s.record(ctx, tx, entry, before, port); err != nil {
			return err
		}
		return forgetGonePort(ctx, tx, p, port)
	})
	if err != nil {
		return PortView{}, unavailable(err, "write the state")
	}
	s.changes.announce(view.ProjectID)
	return view, nil
}

// advancePort gives the port the project's next number, stores both and
// publishes the port.
func (s *Service) advancePort(ctx context.Context, tx Tx, p *Project, port *Port, eventType string) error {
	p.Sequence++
	port.Generation = p.Sequence
	port.CheckAt = s.now().Add(s.cfg.SilenceDeadline)
	if err := tx.Projects().Update(ctx, *p); err != nil {
		return err
	}
	if err := tx.Ports().Update(ctx, *port); err != nil {
		return err
	}
	return publishPort(ctx, tx, eventType, *p, *port, "")
}

// RegisterPortKind makes a kind of port known, with the JSON schema of its spec.
// Registering it again replaces the schema; existing ports stay. Operators only.
func (s *Service) RegisterPortKind(ctx context.Context, name string, schema json.RawMessage) (Kind, error) {
	if _, err := authorize(ctx, rightOperate, "", "kind", ""); err != nil {
		return Kind{}, err
	}
	var v violations
	v.check(kindRule.MatchString(name), "name", "must be a DNS label beginning with a letter")
	if err := s.specs.Schema(schema); err != nil {
		v.check(false, "schema", err.Error())
	}
	if err := v.err(); err != nil {
		return Kind{}, err
	}
	kind := Kind{Name: name, Schema: schema, CreatedAt: s.now()}
	err := s.state.Update(ctx, func(ctx context.Context, tx Tx) error {
		before, err := put(ctx, tx.Kinds(), name, kind)
		if err != nil {
			return err
		}
		return s.record(ctx, tx, AuditEntry{Action: "kind.register", Resource: name}, before, kind)
	})
	return kind, unavailable(err, "write the state")
}

// ListPortKinds returns the registered kinds, to any caller with a key.
func (s *Service) ListPortKinds(ctx context.Context) ([]Kind, error) {
	if _, ok := ctx.Value(principalKey{}).(Principal); !ok {
		return nil, refuse(ErrUnauthenticated, "", "an API key is required")
	}
	return read(ctx, s, "kind", "", func(ctx context.Context, tx Tx) ([]Kind, error) {
		return tx.Kinds().List(ctx, Filter{})
	})
}
