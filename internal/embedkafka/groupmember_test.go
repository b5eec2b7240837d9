package embedkafka_test

import (
	"cmp"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const session = 500 * time.Millisecond

// groupMember speaks the group protocol by hand, to die where it hurts.
type groupMember struct {
	client     *kgo.Client
	id         string
	instance   *string // of a static one
	session    time.Duration
	generation int32
}

func (m *groupMember) join(ctx context.Context) error {
	for {
		req := kmsg.NewPtrJoinGroupRequest()
		req.Group, req.MemberID, req.InstanceID, req.ProtocolType = "group", m.id, m.instance, "consumer"
		req.SessionTimeoutMillis, req.RebalanceTimeoutMillis = int32(cmp.Or(m.session, session).Milliseconds()), 60_000
		req.Protocols = []kmsg.JoinGroupRequestProtocol{{Name: "by hand", Metadata: []byte(m.id)}}
		resp, err := req.RequestWith(ctx, m.client)
		if err != nil {
			return err
		}
		m.id, m.generation = resp.MemberID, resp.Generation
		if err := kerr.ErrorForCode(resp.ErrorCode); !errors.Is(err, kerr.MemberIDRequired) {
			return err
		}
	}
}

// lead syncs with an assignment, as the leader does.
func (m *groupMember) lead(ctx context.Context) error {
	return m.sync(ctx, kmsg.SyncGroupRequestGroupAssignment{MemberID: m.id})
}

func (m *groupMember) sync(ctx context.Context, assignment ...kmsg.SyncGroupRequestGroupAssignment) error {
	req := kmsg.NewPtrSyncGroupRequest()
	req.Group, req.MemberID, req.InstanceID, req.Generation = "group", m.id, m.instance, m.generation
	req.GroupAssignment = assignment
	resp, err := req.RequestWith(ctx, m.client)
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(resp.ErrorCode)
}

// heartbeat returns kerr.RebalanceInProgress when the others wait for it to join.
func (m *groupMember) heartbeat(ctx context.Context) error {
	req := kmsg.NewPtrHeartbeatRequest()
	req.Group, req.MemberID, req.Generation = "group", m.id, m.generation
	resp, err := req.RequestWith(ctx, m.client)
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(resp.ErrorCode)
}

// awaitRebalance returns when the others wait for the member to join.
func (m *groupMember) awaitRebalance(t *testing.T) {
	t.Helper()
	deadline := time.After(time.Minute)
	for !errors.Is(m.heartbeat(t.Context()), kerr.RebalanceInProgress) {
		select {
		case <-time.After(session / 50):
		case <-deadline:
			require.Fail(t, "nobody else joins")
		}
	}
}

func describe(t *testing.T, admin *kadm.Client) kadm.DescribedGroup {
	t.Helper()
	groups, err := admin.DescribeGroups(t.Context(), "group")
	require.NoError(t, err)
	return groups["group"]
}
