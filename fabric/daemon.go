package fabric

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/demeterevent"
)

// Daemon keeps one cluster as management wants it. Its methods are safe for
// concurrent use; work on one project is done one piece at a time, whoever asks
// for it. Use cases (ApplyProject and so on) wait until Run has read the records.
type Daemon struct {
	cfg     Config
	cluster Cluster
	events  eventbus.Publisher
	ledger  *ledger
	settler settler
	queue   *queue
	watched *watchList
	counts  *counters
	loaded  chan struct{}
	log     *slog.Logger

	snapshot *snapshotRequest
}

// New returns a daemon for the cluster that reports to events. It does nothing
// until Run. Errors: ErrConfig.
func New(cluster Cluster, events eventbus.Publisher, cfg Config) (*Daemon, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	counts := &counters{}
	log := cfg.Logger.With("cluster_id", cfg.ClusterID)
	return &Daemon{
		cfg: cfg, cluster: cluster, events: events, counts: counts, log: log,
		ledger: newLedger(cluster, cfg.RecordsNamespace, log),
		settler: settler{
			cluster: cluster, baseline: cfg.Baseline, takeover: cfg.Takeover,
			reserved: cfg.reserved, counts: counts,
		},
		queue:    newQueue(),
		watched:  newWatchList(),
		loaded:   make(chan struct{}),
		snapshot: &snapshotRequest{},
	}, nil
}

// ApplyProject makes the project's namespace exist as described, with its
// baseline and its ports, and reports the outcome; when it returns nil, the
// report is published. An older generation than the applied one is ignored. What
// the cluster refuses is an outcome, not an error. An error says that the cluster
// or the bus did not do its part; the same call may be made again, and has to be.
func (d *Daemon) ApplyProject(ctx context.Context, p Project) error {
	return d.change(ctx, p.ID, "", p.Generation, func(rec *record, _ bool) bool {
		rec.Project, rec.standing = p, standing{Told: rec.Told}
		return true
	})
}

// RemoveProject deletes the project's namespace with everything in it and
// reports terminating, and gone once that is confirmed. When the project was
// never here, it reports gone if answer is set and otherwise does nothing. It
// returns as ApplyProject does.
func (d *Daemon) RemoveProject(ctx context.Context, p Project, answer bool) error {
	return d.change(ctx, p.ID, "", p.Generation, func(rec *record, known bool) bool {
		if !known {
			rec.Project = p
		}
		rec.Project.Generation = p.Generation
		rec.Removed = true
		return known || answer
	})
}

// ApplyPort makes the port's custom resource exist as described and reports the
// outcome. It returns as ApplyProject does.
func (d *Daemon) ApplyPort(ctx context.Context, p Port) error {
	return d.change(ctx, p.ProjectID, p.ID, p.Generation, func(rec *record, _ bool) bool {
		before := rec.Ports[p.ID]
		*rec = rec.introduce(p).withPort(portRecord{Port: p, standing: standing{Told: before.Told}})
		return true
	})
}

// RemovePort deletes the port's custom resource and reports terminating, and
// gone once that is confirmed. answer is as in RemoveProject.
func (d *Daemon) RemovePort(ctx context.Context, p Port, answer bool) error {
	return d.change(ctx, p.ProjectID, p.ID, p.Generation, func(rec *record, known bool) bool {
		port := rec.Ports[p.ID]
		if !known {
			port.Port = p
		}
		port.Port.Generation = p.Generation
		port.Removed = true
		*rec = rec.introduce(p).withPort(port)
		return known || answer
	})
}

// edit changes a record to what an event asks for; known says whether the event's
// resource was in it. It returns false when nothing is to be done.
type edit func(rec *record, known bool) bool

// change is the way of every event: decide, remember, apply, report.
func (d *Daemon) change(ctx context.Context, projectID, portID string, generation int64, edit edit) error {
	select {
	case <-d.loaded:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	for attempt := 1; ; attempt++ {
		err := d.changeOnce(ctx, projectID, portID, generation, edit)
		if err == nil || !again(err) || attempt == conflictRetries {
			return d.postponed(ctx, projectID, generation, err)
		}
	}
}

// postponed counts and tells that an event could not be applied now.
func (d *Daemon) postponed(ctx context.Context, projectID string, generation int64, err error) error {
	if err != nil && ctx.Err() == nil {
		d.counts.retries.Add(1)
		d.log.WarnContext(ctx, "event could not be applied now",
			"project_id", projectID, "generation", generation, "error", err)
	}
	return err
}

func (d *Daemon) changeOnce(ctx context.Context, projectID, portID string, generation int64, edit edit) error {
	e := d.ledger.lock(projectID)
	defer e.mu.Unlock()

	rec, fresh := record{}, true
	if known := e.rec.Load(); known != nil {
		rec, fresh = *known, false
	}
	current, known := rec.generation(portID)
	if demeterevent.Stale(generation, current) || portID != "" && rec.Removed {
		d.counts.ignored.Add(1)
		return nil
	}
	if !edit(&rec, known) {
		return nil
	}
	rec = rec.pruned(d.cfg.Now().Add(-d.cfg.Forget))
	err := d.store(ctx, e, rec)     // before anything is done about it
	if errors.Is(err, ErrInvalid) { // as one that has grown too large
		return d.publish(ctx, e, rec, map[string]status{portID: refused(err)})
	}
	if err != nil {
		return d.unreachable(ctx, e, rec, portID, err)
	}
	outcome, err := d.settle(ctx, e, portID, fresh)
	if err != nil {
		return d.unreachable(ctx, e, rec, portID, err)
	}
	d.counts.applied.Add(1)
	return d.report(ctx, e, outcome, func(id string) bool { return id == portID })
}

// settle settles the one port, or the namespace and every port of it.
func (d *Daemon) settle(ctx context.Context, e *entry, portID string, fresh bool) (map[string]status, error) {
	rec := *e.rec.Load()
	outcome := map[string]status{}
	if portID == "" && rec.Project.Generation > 0 {
		st, err := d.settler.of(e).namespace(ctx, rec, fresh)
		if err != nil {
			return nil, err
		}
		outcome[""] = st
	}
	for id, port := range rec.Ports {
		if portID != "" && id != portID || portID == "" && port.gone() {
			continue // another's port, or one of which nothing is asked
		}
		st, err := d.settlePort(ctx, d.settler.of(e), rec, port, outcome[""])
		if err != nil {
			return nil, fmt.Errorf("port %s: %w", id, err)
		}
		outcome[id] = st
	}
	return outcome, nil
}

// settlePort settles a port; when its namespace was found gone or is not to be
// had, so is the port.
func (d *Daemon) settlePort(ctx context.Context, s settler, rec record, port portRecord, namespace status) (status, error) {
	d.watched.add(PortKind(port.Port.Kind))
	switch {
	case namespace == gone:
		return gone, nil
	case rec.Removed || namespace != (status{}) && namespace != ready:
		return namespace, nil
	default:
		return s.port(ctx, port)
	}
}

// wait waits for a while, or until the context ends.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
