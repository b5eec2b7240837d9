package embedkafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
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
	_, due := w.leaderDue(req)
	return due != nil
}

// awaitLeader returns when the sync need not wait longer, or when ctx ends. It is
// false when the member's session ended meanwhile.
func (w *members) awaitLeader(ctx context.Context, req *kmsg.SyncGroupRequest) bool {
	for {
		left, due := w.leaderDue(req)
		if due == nil || left <= 0 {
			return due == nil
		}
		timeout := time.NewTimer(left)
		select {
		case <-due:
		case <-timeout.C:
		case <-ctx.Done():
		}
		timeout.Stop()
		if ctx.Err() != nil {
			return true
		}
	}
}

// leaderDue returns what is left of the member's session, which kfake began when it
// answered the joins, and a channel that is closed when the next request was seen. It
// is nil when the leader's sync is not to come: when the member has its assignment or
// left, when somebody joined since, so that all have to, and when everybody syncs,
// as then the leader had nothing to assign.
func (w *members) leaderDue(req *kmsg.SyncGroupRequest) (left time.Duration, due <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := w.groups[req.Group]
	if g == nil {
		return 0, nil
	}
	m := g.members[known(req.MemberID, req.InstanceID)]
	if m == nil || m.session == 0 || m.waits != forLeader || m.joins != g.joins {
		return 0, nil
	}
	for _, other := range g.members {
		if other.waits != forLeader {
			return m.session - w.now().Sub(m.seen), w.changed
		}
	}
	return 0, nil
}

// control lets a sync pass to the broker when it does not wait there, or answers
// that the member's session has ended.
func (w *members) control(ctx context.Context, cluster *kfake.Cluster, req *kmsg.SyncGroupRequest) (kmsg.Response, error, bool) { //nolint:revive // the signature is kfake's
	if !w.holds(req) {
		return nil, nil, false
	}
	inTime := true
	cluster.SleepControl(func() { inTime = w.awaitLeader(ctx, req) })
	if inTime {
		return nil, nil, false
	}
	cluster.KeepControl()
	resp := kmsg.NewPtrSyncGroupResponse()
	resp.Version = req.Version
	resp.ErrorCode = kerr.UnknownMemberID.Code
	return resp, nil, true
}
