package embedkafka_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/hexplane/hexplane/internal/embedkafka"
)

// TestMembersKilledWhileTheyJoin: those that die before their join is answered
// leave the group when their session ends, as with Apache Kafka.
func TestMembersKilledWhileTheyJoin(t *testing.T) {
	t.Run("dynamic", func(t *testing.T) { testKilledWhileTheyJoin(t, false) })
	t.Run("static", func(t *testing.T) { testKilledWhileTheyJoin(t, true) })
}

func testKilledWhileTheyJoin(t *testing.T, static bool) {
	b := start(t, embedkafka.Config{MinSession: session})
	admin := kadm.NewClient(client(t, b))
	members := func() []kadm.DescribedGroupMember { return describe(t, admin).Members }
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
		return len(members()) == 1+victims && errors.Is(leader.heartbeat(t.Context()), kerr.RebalanceInProgress)
	}, time.Minute, session/10, "the victims wait for the leader to join")
	kill()
	joining.Wait()

	require.NoError(t, leader.join(t.Context()))
	require.NoError(t, leader.lead(t.Context()))
	require.Len(t, members(), 1+victims, "the broker believes that all are there")
	assert.Eventually(t, func() bool {
		err := leader.heartbeat(t.Context())
		return (err == nil || errors.Is(err, kerr.RebalanceInProgress)) && len(members()) == 1
	}, time.Minute, session/10, "the dead are gone")
	require.Equal(t, leader.id, members()[0].MemberID)
}
