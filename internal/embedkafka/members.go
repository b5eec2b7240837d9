package embedkafka

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// members ends group members that died while they waited for an answer.
//
// kfake starts a member's session clock when the answer to its join or sync was
// delivered. One that was killed before that has none: it keeps its partitions
// for ever, and the next rebalance waits for it for ever. Apache Kafka starts the
// clock when it answers, delivered or not. This does the same from outside: it
// watches the group requests pass and lets the silent leave. Two more differences it
// makes up for are told in followers.go and joining.go.
type members struct {
	now func() time.Time

	mu      sync.Mutex
	groups  map[string]*group
	changed chan struct{} // closed when a group request was seen
}

type group struct {
	members  map[string]*member
	joins    int   // how many were seen
	assigned int32 // the last generation whose leader has sent the assignment
}

// member is what was seen of one. While it waits for the others of its group it
// cannot be told dead from alive, and does not hold them up longer than a rebalance.
type member struct {
	id         string        // empty while the broker has not told it
	instance   *string       // of a static member, which is known by it: its id is another each time
	generation int32         // that it last synced in
	session    time.Duration // 0 until its join was seen
	seen       time.Time
	joins      int // of its group when it synced
	waits      waiting
}

type waiting int

const (
	forNothing waiting = iota
	forJoins           // its join is answered when all have joined
	forLeader          // its sync is answered when the leader's came
)

func newMembers(now func() time.Time) *members {
	return &members{now: now, groups: make(map[string]*group), changed: make(chan struct{})}
}

// observe takes note of a request that the broker is about to handle.
func (w *members) observe(req kmsg.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch r := req.(type) {
	case *kmsg.JoinGroupRequest:
		if r.MemberID != "" || r.InstanceID != nil { // else it is told its id and joins again
			m := w.seenLocked(r.Group, r.MemberID, r.InstanceID, forJoins)
			m.id, m.session = r.MemberID, time.Duration(r.SessionTimeoutMillis)*time.Millisecond
			w.groups[r.Group].joins++
		}
	case *kmsg.SyncGroupRequest:
		m := w.seenLocked(r.Group, r.MemberID, r.InstanceID, forLeader)
		g := w.groups[r.Group]
		m.joins, m.generation = g.joins, r.Generation
		w.answeredLocked(r.Group, forJoins)
		if len(r.GroupAssignment) > 0 {
			g.assigned = max(g.assigned, r.Generation)
		}
		if g.assigned >= r.Generation {
			w.answeredLocked(r.Group, forLeader)
		}
	case *kmsg.HeartbeatRequest:
		w.aliveLocked(r.Group, r.MemberID, r.InstanceID)
	case *kmsg.OffsetCommitRequest:
		w.aliveLocked(r.Group, r.MemberID, r.InstanceID)
	case *kmsg.LeaveGroupRequest:
		w.removeLocked(r.Group, r.MemberID)
		for _, m := range r.Members {
			w.removeLocked(r.Group, known(m.MemberID, m.InstanceID))
		}
	}
	close(w.changed)
	w.changed = make(chan struct{})
}

// known is what a member is known by.
func known(id string, instance *string) string {
	if instance != nil {
		return "instance " + *instance
	}
	return id
}

func (w *members) seenLocked(name, id string, instance *string, waits waiting) *member {
	id = known(id, instance)
	g := w.groups[name]
	if g == nil {
		g = &group{members: make(map[string]*member)}
		w.groups[name] = g
	}
	m := g.members[id]
	if m == nil {
		m = &member{instance: instance}
		g.members[id] = m
	}
	m.seen, m.waits = w.now(), waits
	return m
}

// aliveLocked starts the clock of a member that is known, whatever it waits for.
func (w *members) aliveLocked(name, id string, instance *string) {
	if g := w.groups[name]; g != nil {
		if m := g.members[known(id, instance)]; m != nil {
			m.seen = w.now()
		}
	}
}

// answeredLocked starts the clock of those that waited for that.
func (w *members) answeredLocked(name string, what waiting) {
	for _, m := range w.groups[name].members {
		if m.waits == what {
			m.seen, m.waits = w.now(), forNothing
		}
	}
}

func (w *members) removeLocked(name, id string) {
	g := w.groups[name]
	if g == nil {
		return
	}
	delete(g.members, id)
	if len(g.members) == 0 {
		delete(w.groups, name)
	}
}

// dead returns the members per group that were silent for longer than their
// session, as they leave, and forgets them.
func (w *members) dead() map[string][]kmsg.LeaveGroupRequestMember {
	w.mu.Lock()
	defer w.mu.Unlock()
	dead := make(map[string][]kmsg.LeaveGroupRequestMember)
	for name, g := range w.groups {
		for id, m := range g.members {
			if m.session == 0 || m.waits != forNothing || w.now().Sub(m.seen) <= m.session {
				continue
			}
			leaves := kmsg.NewLeaveGroupRequestMember()
			if leaves.InstanceID = m.instance; m.instance == nil {
				leaves.MemberID = id
			}
			dead[name] = append(dead[name], leaves)
			w.removeLocked(name, id)
		}
	}
	return dead
}

// expire lets the dead leave and beats for the joining, interval after interval,
// until ctx ends.
func (w *members) expire(ctx context.Context, interval time.Duration, client *kgo.Client, log *slog.Logger) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		for group, dead := range w.dead() {
			req := kmsg.NewPtrLeaveGroupRequest()
			req.Group, req.Members = group, dead
			// One that the broker removed itself is unknown to it, which is fine.
			if _, err := req.RequestWith(ctx, client); err != nil && ctx.Err() == nil {
				log.Warn("embedkafka: dead group members stay", "group", group, "members", len(dead), "error", err)
			}
		}
		for _, beat := range w.joining() {
			if _, err := beat.RequestWith(ctx, client); err != nil && ctx.Err() == nil {
				log.Warn("embedkafka: a joining group member may be dropped", "group", beat.Group, "error", err)
			}
		}
	}
}
