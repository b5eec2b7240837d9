package fabric

import (
	"context"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/demeterevent"
)

// Callback returns the driver for the event topic: it decodes and validates each
// event and calls the use case that is this cluster's duty. A payload that is
// malformed is a permanent error, for the bus to make a dead letter of. Any other
// error is one of the downstream (eventbus.Unavailable): the bus pauses the topic
// and tries again, and no event is ever given up for it.
func (d *Daemon) Callback() (eventbus.Callback, error) {
	mux := eventbus.NewMux()
	for _, eventType := range []string{demeterevent.ProjectCreated, demeterevent.ProjectUpdated} {
		if err := eventbus.Handle(mux, eventType, d.onProject); err != nil {
			return nil, err
		}
	}
	for _, eventType := range []string{demeterevent.PortCreated, demeterevent.PortUpdated} {
		if err := eventbus.Handle(mux, eventType, d.onPort); err != nil {
			return nil, err
		}
	}
	if err := eventbus.Handle(mux, demeterevent.ProjectDeleted, d.onProjectDeleted); err != nil {
		return nil, err
	}
	if err := eventbus.Handle(mux, demeterevent.PortDeleted, d.onPortDeleted); err != nil {
		return nil, err
	}
	return mux, nil
}

func (d *Daemon) onProject(ctx context.Context, ev eventbus.Event[demeterevent.Project]) error {
	switch d.duty(ev.Data.Target) {
	case demeterevent.DutyApply:
		return eventbus.Unavailable(d.ApplyProject(ctx, projectOf(ev.Data)))
	case demeterevent.DutyRemove:
		return eventbus.Unavailable(d.RemoveProject(ctx, projectOf(ev.Data), false))
	default:
		return nil
	}
}

func (d *Daemon) onProjectDeleted(ctx context.Context, ev eventbus.Event[demeterevent.Project]) error {
	duty := d.duty(ev.Data.Target)
	if duty == demeterevent.DutyIgnore {
		return nil
	}
	return eventbus.Unavailable(d.RemoveProject(ctx, projectOf(ev.Data), duty == demeterevent.DutyApply))
}

func (d *Daemon) onPort(ctx context.Context, ev eventbus.Event[demeterevent.Port]) error {
	switch d.duty(ev.Data.Target) {
	case demeterevent.DutyApply:
		return eventbus.Unavailable(d.ApplyPort(ctx, portOf(ev.Data)))
	case demeterevent.DutyRemove:
		return eventbus.Unavailable(d.RemovePort(ctx, portOf(ev.Data), false))
	default:
		return nil
	}
}

func (d *Daemon) onPortDeleted(ctx context.Context, ev eventbus.Event[demeterevent.Port]) error {
	duty := d.duty(ev.Data.Target)
	if duty == demeterevent.DutyIgnore {
		return nil
	}
	return eventbus.Unavailable(d.RemovePort(ctx, portOf(ev.Data), duty == demeterevent.DutyApply))
}

func (d *Daemon) duty(t demeterevent.Target) demeterevent.Duty {
	if t.SnapshotFor == d.cfg.ClusterID {
		d.snapshot.came()
	}
	return t.DutyOf(d.cfg.ClusterID)
}

func projectOf(p demeterevent.Project) Project {
	return Project{
		ID: p.ProjectID, AccountID: p.AccountID, Name: p.Name,
		Namespace: p.Namespace, Generation: p.Generation,
	}
}

func portOf(p demeterevent.Port) Port {
	return Port{
		ID: p.PortID, ProjectID: p.ProjectID, AccountID: p.AccountID, Namespace: p.Namespace,
		Kind: p.Kind, Spec: p.Spec, Generation: p.Generation,
	}
}
