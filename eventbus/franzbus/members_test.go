package franzbus_test

import (
	"context"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"pgregory.net/rapid"

	"github.com/hexplane/hexplane/eventbus"
)

// lanesSubscriber is what the façade uses of a subscriber.
type lanesSubscriber interface {
	eventbus.RecordSubscriber
	eventbus.Assigner
	eventbus.Pauser
	Close() error
}

// member is one subscriber of the group; there is one at a time.
type member struct {
	sub         lanesSubscriber
	stop        func(context.Context) error // nil while it is not subscribed
	assignments map[int32]uint64            // the newest, by partition
}

// join makes a new member, in place of one that left.
func (m *machine) join(t *rapid.T) {
	if m.member != nil {
		t.Skip("there is one")
	}
	sub, err := m.broker.transport().Subscriber(m.cfg)
	require.NoError(t, err)
	m.member = &member{sub: sub.(lanesSubscriber), assignments: make(map[int32]uint64)}
	m.enter(t)
}

// enter subscribes the member to the topic.
func (m *machine) enter(t *rapid.T) {
	if m.paused {
		m.member.sub.PauseTopics(machineTopic)
	}
	var err error
	m.member.stop, err = m.member.sub.SubscribeRecords(context.Background(), machineTopic, m.handle)
	require.NoError(t, err)
}

func (m *machine) subscribe(t *rapid.T) {
	if m.member == nil || m.member.stop != nil {
		t.Skip("nobody to subscribe")
	}
	m.enter(t)
}

func (m *machine) subscribed(t *rapid.T) *member {
	if m.member == nil || m.member.stop == nil {
		t.Skip("nobody subscribes")
	}
	return m.member
}

// unsubscribe drains the topic, with or without the time that takes; the member stays.
func (m *machine) unsubscribe(t *rapid.T) {
	of := m.subscribed(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	cut, busy := rapid.Bool().Draw(t, "cut short"), m.busy()
	if cut {
		cancel()
	}
	err := m.drain(t, !cut, func() error { return of.stop(ctx) })
	of.stop = nil
	if !cut || !busy {
		require.NoError(t, err)
	}
}

// leave closes the member.
func (m *machine) leave(t *rapid.T) {
	require.NoError(t, m.drain(t, true, m.subscribed(t).sub.Close))
	m.member = nil
}

// drain lets handlers finish, if so wanted, until the member has stopped, and looks at
// what it left.
func (m *machine) drain(t *rapid.T, patient bool, stop func() error) error {
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	synctest.Wait()
	m.draining()
	for range 1000 {
		synctest.Wait()
		select {
		case err := <-stopped:
			m.check(t)
			m.drained()
			m.check(t)
			return err
		default:
		}
		if !patient || !m.answer(t) {
			pass(100 * time.Millisecond)
		}
	}
	t.Fatal("the drain does not end")
	return nil
}

// rebalance gives the member other partitions than before. Those that are taken away
// it drains meanwhile. Another one would end franz-go's heartbeats until it has: after a
// session without any, it is out of the group and cannot commit.
func (m *machine) rebalance(t *rapid.T) {
	if m.subscribed(t); !m.calm() {
		t.Skip("a rebalance is under way")
	}
	var wanted []int32
	for id := range m.parts {
		if rapid.Bool().Draw(t, "wanted") {
			wanted = append(wanted, int32(id))
		}
	}
	m.plan(wanted)
}

func (m *machine) plan(wanted []int32) {
	m.broker.balancer.want(wanted)
	m.wanted = wanted
	m.broker.heartbeat(kerr.RebalanceInProgress)
}

// lose makes the member believe that others own what it has.
func (m *machine) lose(t *rapid.T) {
	if m.subscribed(t); !m.calm() {
		t.Skip("a rebalance is under way")
	}
	lost := m.losing()
	m.broker.heartbeat(kerr.IllegalGeneration)
	m.check(t)
	lost()
}

// everyPartition plans for all of them.
func (m *machine) everyPartition() []int32 {
	all := make([]int32, 0, len(m.parts))
	for id := range m.parts {
		all = append(all, int32(id))
	}
	return all
}
