package embedkafka_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/hexplane/hexplane/internal/embedkafka"
)

// syncsWritten is told of the syncs that a client wrote.
type syncsWritten chan struct{}

func (w syncsWritten) OnBrokerWrite(_ kgo.BrokerMetadata, key int16, _ int, _, _ time.Duration, err error) {
	if key == kmsg.SyncGroup.Int16() && err == nil {
		w <- struct{}{}
	}
}

var _ kgo.HookBrokerWrite = syncsWritten(nil)

// TestStaticMemberReplacedWhileItSyncs: one that is killed while it waits for the
// leader's assignment, and comes back, counts as one that joins in the next rebalance.
func TestStaticMemberReplacedWhileItSyncs(t *testing.T) {
	b := start(t, embedkafka.Config{MinSession: session})
	leader := &groupMember{client: client(t, b)}
	require.NoError(t, leader.join(t.Context()))
	require.NoError(t, leader.lead(t.Context()))

	written := make(syncsWritten, 1)
	victim := &groupMember{client: client(t, b, kgo.WithHooks(written)), instance: new("victim")}
	done := make(chan error, 1)
	go func() { done <- victim.join(t.Context()) }()
	leader.awaitRebalance(t)
	require.NoError(t, leader.join(t.Context()))
	require.NoError(t, <-done)

	dying, kill := context.WithCancel(t.Context())
	go func() { done <- victim.sync(dying) }()
	<-written
	kill()
	require.ErrorIs(t, <-done, context.Canceled)

	again := &groupMember{client: client(t, b), instance: victim.instance}
	go func() { done <- again.join(t.Context()) }()
	leader.awaitRebalance(t)
	require.NoError(t, leader.join(t.Context()), "answered before the rebalance times out")
	require.NoError(t, <-done)
	require.NoError(t, leader.lead(t.Context()))
	require.NoError(t, again.sync(t.Context()))
}

// TestFollowersOfADeadLeader: those that wait for the assignment of a leader that
// died are told to join again when its session ends.
func TestFollowersOfADeadLeader(t *testing.T) {
	b := start(t, embedkafka.Config{MinSession: session})
	leader := &groupMember{client: client(t, b)}
	require.NoError(t, leader.join(t.Context()))
	require.NoError(t, leader.lead(t.Context()))

	const followers = 8
	synced := make(chan error, followers)
	for range followers {
		follower := &groupMember{client: client(t, b)}
		go func() {
			if err := follower.join(t.Context()); err != nil {
				synced <- fmt.Errorf("join: %w", err)
				return
			}
			synced <- follower.sync(t.Context())
		}()
	}
	admin := kadm.NewClient(client(t, b))
	require.Eventually(t, func() bool {
		return len(describe(t, admin).Members) == 1+followers &&
			errors.Is(leader.heartbeat(t.Context()), kerr.RebalanceInProgress)
	}, time.Minute, session/10)
	require.NoError(t, leader.join(t.Context()))

	for range followers {
		require.ErrorIs(t, <-synced, kerr.UnknownMemberID, "not left without an answer")
	}
	again := &groupMember{client: client(t, b)}
	require.NoError(t, again.join(t.Context()))
	require.NoError(t, again.lead(t.Context()))
}

// TestFollowersOfALeaderThatComesBack: those that wait for the assignment of a leader
// that died are told to join as soon as its next life does.
func TestFollowersOfALeaderThatComesBack(t *testing.T) {
	b := start(t, embedkafka.Config{})
	leader := &groupMember{client: client(t, b), instance: new("leader"), session: 5 * time.Minute}
	require.NoError(t, leader.join(t.Context()))
	require.NoError(t, leader.lead(t.Context()))

	written := make(syncsWritten, 1)
	follower := &groupMember{client: client(t, b, kgo.WithHooks(written)), instance: new("follower"), session: 5 * time.Minute}
	done := make(chan error, 1)
	go func() { done <- follower.join(t.Context()) }()
	leader.awaitRebalance(t)
	require.NoError(t, leader.join(t.Context()))
	require.NoError(t, <-done)
	go func() { done <- follower.sync(t.Context()) }()
	<-written

	again := &groupMember{client: client(t, b), instance: leader.instance, session: 5 * time.Minute}
	joined := make(chan error, 1)
	go func() { joined <- again.join(t.Context()) }()
	require.ErrorIs(t, <-done, kerr.RebalanceInProgress)
	require.NoError(t, follower.join(t.Context()))
	require.NoError(t, <-joined)
}
