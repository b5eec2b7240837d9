package fabric

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/demeterevent"
)

// Stats is what a daemon has done since it started, and what it holds now.
type Stats struct {
	Applied  int64 // events applied and reported
	Ignored  int64 // events older than what was applied
	Retries  int64 // attempts to apply an event that the cluster or the bus failed
	Refused  int64 // reports of something other than ready or gone
	Repaired int64 // projects put right without an event
	Writes   int64 // writes sent to the cluster, records included

	Namespaces int64 // projects placed here
	Ports      int64 // ports placed here
	Degraded   int64 // of both, those not in place
}

type counters struct {
	applied, ignored, retries, refused, repaired, writes atomic.Int64
}

// Stats returns the figures of now. It looks at every record.
func (d *Daemon) Stats() Stats {
	c := d.counts
	s := Stats{
		Applied: c.applied.Load(), Ignored: c.ignored.Load(), Retries: c.retries.Load(),
		Refused: c.refused.Load(), Repaired: c.repaired.Load(), Writes: c.writes.Load(),
	}
	count := func(total *int64, st standing) {
		if !st.gone() {
			*total++
			if st.Told != (status{}) {
				s.Degraded++
			}
		}
	}
	for _, e := range d.ledger.entries() {
		rec := e.rec.Load()
		count(&s.Namespaces, rec.standing)
		for _, port := range rec.Ports {
			count(&s.Ports, port.standing)
		}
	}
	return s
}

// snapshotRequest asks management for its state, in heartbeats, until it comes.
type snapshotRequest struct {
	mu sync.Mutex
	id string
}

func (s *snapshotRequest) ask() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.id = rand.Text()
}

func (s *snapshotRequest) came() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.id = ""
}

func (s *snapshotRequest) current() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.id
}

// beat sends a heartbeat now and every Heartbeat until the context ends. A
// daemon without records asks for a snapshot in them.
func (d *Daemon) beat(ctx context.Context) {
	for {
		if err := d.heartbeat(ctx); err != nil && ctx.Err() == nil {
			d.log.WarnContext(ctx, "heartbeat not sent", "error", err)
		}
		if wait(ctx, d.cfg.Heartbeat) != nil {
			return
		}
	}
}

func (d *Daemon) heartbeat(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, d.cfg.Heartbeat)
	defer cancel()
	kinds, err := d.cluster.Kinds(ctx, PortAPIVersion)
	if err != nil && !errors.Is(err, ErrNoKind) {
		d.log.WarnContext(ctx, "port kinds not known", "error", err)
	}
	stats := d.Stats()
	msg, err := eventbus.NewMessage(demeterevent.StateTopic, demeterevent.ClusterHeartbeat, d.cfg.ClusterID,
		demeterevent.Heartbeat{
			ClusterID: d.cfg.ClusterID, Version: d.cfg.Version, Labels: d.cfg.Labels,
			Kinds: kinds, Lag: d.cfg.Lag(),
			Namespaces: stats.Namespaces, Ports: stats.Ports, Degraded: stats.Degraded,
			SnapshotRequest: d.snapshot.current(), SentAt: d.cfg.Now().UTC(),
		})
	if err != nil {
		return err
	}
	return d.events.Publish(ctx, msg)
}
