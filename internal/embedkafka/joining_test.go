package embedkafka_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/hexplane/hexplane/internal/embedkafka"
)

// TestMemberWaitsLongerThanItsSession: one that has joined again stays in the group
// while another one, alive, still finishes its work.
func TestMemberWaitsLongerThanItsSession(t *testing.T) {
	b := start(t, embedkafka.Config{MinSession: session})
	admin := kadm.NewClient(client(t, b))
	busy := &groupMember{client: client(t, b)}
	require.NoError(t, busy.join(t.Context()))
	require.NoError(t, busy.lead(t.Context()))

	waits := &groupMember{client: client(t, b)}
	joined := make(chan error, 1)
	go func() { joined <- waits.join(t.Context()) }()
	busy.awaitRebalance(t)
	require.NoError(t, busy.join(t.Context()))
	require.NoError(t, <-joined)
	require.NoError(t, busy.lead(t.Context()))
	require.NoError(t, waits.sync(t.Context()))
	require.NoError(t, waits.heartbeat(t.Context()), "starts its clock")

	another := &groupMember{client: client(t, b)}
	third := make(chan error, 1)
	go func() { third <- another.join(t.Context()) }()
	waits.awaitRebalance(t)
	go func() { joined <- waits.join(t.Context()) }()
	require.Never(t, func() bool {
		return !errors.Is(busy.heartbeat(t.Context()), kerr.RebalanceInProgress) || len(describe(t, admin).Members) != 3
	}, 4*session, session/10, "somebody is removed")

	require.NoError(t, busy.join(t.Context()))
	require.NoError(t, <-joined)
	require.NoError(t, <-third)
	require.NoError(t, busy.lead(t.Context()))
}
