package embedkafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// A follower's sync is kept from kfake until the leader's came.
//
// kfake counts members that wait in a join, and takes one off for whoever is removed
// while it waits for anything. One removed from its sync - its next life takes its
// place, it leaves, or its session ends - leaves the count short: the next rebalance
// lasts until its timeout, and its sync is never answered. kfake does not wait in a
// sync that comes after the leader's.

// holds says whether a sync that was observed has to wait for the leader's.
func (w *members) holds(req *kmsg.SyncGroupRequest) bool {
	left, _ := w.leaderDue(req)
	return left > 0
}

// awaitLeader returns when the sync need not wait longer, or when ctx ends.
func (w *members) awaitLeader(ctx context.Context, req *kmsg.SyncGroupRequest) {
	for {
		left, changed := w.leaderDue(req)
		if left <= 0 {
			return
		}
		timeout := time.NewTimer(left)
		select {
		case <-changed:
		case <-timeout.C:
		case <-ctx.Done():
		}
		timeout.Stop()
		if ctx.Err() != nil {
			return
		}
	}
}

// leaderDue returns how long the leader's sync may still be to come, at most the
// session that kfake began when it answered the joins, and what is closed when that
// may have changed. It is not to come when the member left, joined again or has its
// assignment, or when everyone syncs: then the leader had nothing to assign.
func (w *members) leaderDue(req *kmsg.SyncGroupRequest) (time.Duration, <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := w.groups[req.Group]
	if g == nil {
		return 0, nil
	}
	m := g.members[known(req.MemberID, req.InstanceID)]
	if m == nil || m.waits != forLeader {
		return 0, nil
	}
	for _, other := range g.members {
		if other.waits != forLeader {
			return m.session - w.now().Sub(m.seen), w.changed
		}
	}
	return 0, nil
}
