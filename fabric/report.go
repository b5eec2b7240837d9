package fabric

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/demeterevent"
)

// report publishes the outcome of a settlement and stores what of it a restart
// must know: that a resource is not settled before that is published, that it is
// settled after. Statuses that were reported before are left out, except those
// that always asks for: the answer to an event is given each time the event comes.
func (d *Daemon) report(ctx context.Context, e *entry, outcome map[string]status, always func(portID string) bool) error {
	rec := *e.rec.Load()
	news, open := map[string]status{}, map[string]status{}
	for id, st := range outcome {
		if always(id) || e.lastTold(rec, id) != st {
			news[id] = st
		}
		if !st.final() {
			open[id] = st
		}
	}
	now := d.cfg.Now().UTC()
	if err := d.store(ctx, e, rec.told(open, now)); err != nil {
		return err
	}
	if err := d.publish(ctx, e, rec, news); err != nil {
		return err
	}
	if !rec.settled() || len(open) > 0 {
		d.queue.add(rec.Project.ID, d.cfg.Recheck)
	}
	return d.store(ctx, e, rec.told(outcome, now))
}

// store saves a record that differs from the stored one.
func (d *Daemon) store(ctx context.Context, e *entry, rec record) error {
	if stored := e.rec.Load(); stored != nil && stored.equal(rec) {
		return nil
	}
	d.counts.writes.Add(1)
	return d.ledger.save(ctx, e, rec)
}

// told returns the record with the standings after the outcome was reported.
// Ports go with their namespace.
func (r record) told(outcome map[string]status, at time.Time) record {
	for id, st := range outcome {
		if id == "" {
			r.standing = r.tell(st, at)
			continue
		}
		port := r.Ports[id]
		port.Removed = port.Removed || r.Removed
		port.standing = port.tell(st, at)
		r = r.withPort(port)
	}
	return r
}

// lastTold returns what was reported last of a resource. After a restart, what a
// record does not call unsettled was reported as ready, or as gone; of the rest it
// is not known.
func (e *entry) lastTold(rec record, portID string) status {
	if st, ok := e.told[portID]; ok {
		return st
	}
	standing := rec.standing
	if portID != "" {
		standing = rec.Ports[portID].standing
	}
	switch {
	case standing.Told != (status{}):
		return status{}
	case standing.gone():
		return gone
	default:
		return ready
	}
}

// publish sends one state event per resource and remembers what it said.
func (d *Daemon) publish(ctx context.Context, e *entry, rec record, news map[string]status) error {
	if len(news) == 0 {
		return nil
	}
	msgs := make([]*eventbus.Message, 0, len(news))
	for id, st := range news {
		msg, err := d.stateMessage(rec, id, st)
		if err != nil {
			return err
		}
		msgs = append(msgs, msg)
	}
	if err := d.events.Publish(ctx, msgs...); err != nil {
		return fmt.Errorf("publish state of project %s: %w", rec.Project.ID, err)
	}
	for id, st := range news {
		e.told[id] = st
		d.logOutcome(ctx, rec, id, st)
	}
	return nil
}

func (d *Daemon) stateMessage(rec record, portID string, st status) (*eventbus.Message, error) {
	now, project := d.cfg.Now().UTC(), rec.Project
	if portID == "" {
		return eventbus.NewMessage(demeterevent.StateTopic, demeterevent.NamespaceStateChanged, project.ID,
			demeterevent.NamespaceState{
				ProjectID: project.ID, ClusterID: d.cfg.ClusterID, Namespace: project.Namespace,
				Phase: st.Phase, Reason: st.Reason, ObservedGeneration: project.Generation, ObservedAt: now,
			})
	}
	return eventbus.NewMessage(demeterevent.StateTopic, demeterevent.PortStateChanged, project.ID,
		demeterevent.PortState{
			PortID: portID, ProjectID: project.ID, ClusterID: d.cfg.ClusterID,
			Phase: st.Phase, Reason: st.Reason,
			ObservedGeneration: rec.Ports[portID].Port.Generation, ObservedAt: now,
		})
}

func (d *Daemon) logOutcome(ctx context.Context, rec record, portID string, st status) {
	log := d.log.With("project_id", rec.Project.ID, "namespace", rec.Project.Namespace, "phase", st.Phase)
	if portID != "" {
		log = log.With("port_id", portID)
	}
	if st.final() {
		log.DebugContext(ctx, "state reported")
		return
	}
	d.counts.refused.Add(1)
	log.WarnContext(ctx, "state reported", "reason", st.Reason)
}

// awaiting is the status of a resource whose cluster does not answer.
var awaiting = reasoned(demeterevent.PhaseDegraded, demeterevent.CodeUnreachable,
	"the cluster does not answer; the event is kept and tried again")

// unreachable reports, once, that an event waits for the cluster, and returns err.
func (d *Daemon) unreachable(ctx context.Context, e *entry, rec record, portID string, err error) error {
	if again(err) || ctx.Err() != nil || e.told[portID] == awaiting {
		return err
	}
	return errors.Join(err, d.publish(ctx, e, rec, map[string]status{portID: awaiting}))
}
