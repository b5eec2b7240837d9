package embedkafka_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/hexplane/hexplane/internal/embedkafka"
)

const session = 500 * time.Millisecond

// groupMember speaks the group protocol by hand, to die where it hurts.
type groupMember struct {
	client     *kgo.Client
	id         string
	instance   *string // of a static one
	generation int32
}

func (m *groupMember) join(ctx context.Context) error {
	for {
		req := kmsg.NewPtrJoinGroupRequest()
		req.Group, req.MemberID, req.InstanceID, req.ProtocolType = "group", m.id, m.instance, "consumer"
		req.SessionTimeoutMillis, req.RebalanceTimeoutMillis = int32(session.Milliseconds()), 60_000
		req.Protocols = []kmsg.JoinGroupRequestProtocol{{Name: "by hand", Metadata: []byte(m.id)}}
		resp, err := req.RequestWith(ctx, m.client)
		if err != nil {
			return err
		}
		first := m.id == "" && m.instance == nil // is told its id and joins again
		m.id, m.generation = resp.MemberID, resp.Generation
		if !first {
			return nil
		}
	}
}

func (m *groupMember) lead(ctx context.Context) error {
	req := kmsg.NewPtrSyncGroupRequest()
	req.Group, req.MemberID, req.Generation = "group", m.id, m.generation
	req.GroupAssignment = []kmsg.SyncGroupRequestGroupAssignment{{MemberID: m.id}}
	_, err := req.RequestWith(ctx, m.client)
	return err
}

func (m *groupMember) heartbeat(ctx context.Context) error {
	req := kmsg.NewPtrHeartbeatRequest()
	req.Group, req.MemberID, req.Generation = "group", m.id, m.generation
	_, err := req.RequestWith(ctx, m.client)
	return err
}

// TestMembersKilledWhileTheyJoin: those that die before their join is answered
// leave the group when their session ends, as with Apache Kafka.
func TestMembersKilledWhileTheyJoin(t *testing.T) {
	t.Run("dynamic", func(t *testing.T) { testKilledWhileTheyJoin(t, false) })
	t.Run("static", func(t *testing.T) { testKilledWhileTheyJoin(t, true) })
}

func testKilledWhileTheyJoin(t *testing.T, static bool) {
	b := start(t, embedkafka.Config{MinSession: session})
	admin := kadm.NewClient(client(t, b))
	state := func() kadm.DescribedGroup {
		groups, err := admin.DescribeGroups(t.Context(), "group")
		require.NoError(t, err)
		return groups["group"]
	}
	leader := &groupMember{client: client(t, b)}
	require.NoError(t, leader.join(t.Context()))
	require.NoError(t, leader.lead(t.Context()))

	// Several, as the broker does not always fail to answer one that is gone.
	const victims = 8
	dying, kill := context.WithCancel(t.Context())
	var joining sync.WaitGroup
	for i := range victims {
		victim := &groupMember{client: client(t, b)}
		if static {
			victim.instance = new(fmt.Sprint("victim-", i))
		}
		joining.Go(func() {
			assert.ErrorIs(t, victim.join(dying), context.Canceled)
			victim.client.Close()
		})
	}
	require.Eventually(t, func() bool {
		return len(state().Members) == 1+victims && leader.heartbeat(t.Context()) == nil
	}, time.Minute, session/10, "the victims wait for the leader to join")
	kill()
	joining.Wait()

	require.NoError(t, leader.join(t.Context()))
	require.NoError(t, leader.lead(t.Context()))
	require.Len(t, state().Members, 1+victims, "the broker believes that all are there")
	assert.Eventually(t, func() bool {
		return leader.heartbeat(t.Context()) == nil && len(state().Members) == 1
	}, time.Minute, session/10, "the dead are gone")
	require.Equal(t, leader.id, state().Members[0].MemberID)
}
