package franzbus_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/franzbus"
)

// TestRevokedByAGroupThatWentOn: a member that its group has forgotten, as after the
// broker's restart, joins again at once rather than committing what is refused.
func TestRevokedByAGroupThatWentOn(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.DefaultNumPartitions(1))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	factory := eventbus.NewFactory(franzbus.New(franzbus.Config{
		Brokers: cluster.ListenAddrs(), Options: []kgo.Opt{kgo.HeartbeatInterval(10 * time.Millisecond)},
	}), eventbus.FactoryConfig{Consumer: eventbus.ConsumerConfig{CommitInterval: time.Hour}})
	producer, err := factory.Producer(eventbus.ClientDefault)
	require.NoError(t, err)
	consumer, err := factory.Consumer("group", eventbus.ClientDefault)
	require.NoError(t, err)
	handled := make(chan struct{})
	require.NoError(t, consumer.Register(eventbus.Registry{Topic: "topic", Callback: eventbus.CallbackFunc(
		func(context.Context, *eventbus.Message) error { close(handled); return nil })}))
	msg, err := eventbus.NewMessage("topic", "Sent", "key", 1)
	require.NoError(t, err)
	require.NoError(t, producer.Publish(t.Context(), msg))
	<-handled

	var commits atomic.Int32
	var healed atomic.Bool
	cluster.ControlKey(kmsg.OffsetCommit.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		if healed.Load() {
			return nil, nil, false
		}
		commits.Add(1)
		cluster.KeepControl()
		return refusal(req.(*kmsg.OffsetCommitRequest), kerr.IllegalGeneration), nil, true
	})
	joins := make(chan struct{}, 100)
	cluster.ControlKey(kmsg.JoinGroup.Int16(), func(kmsg.Request) (kmsg.Response, error, bool) {
		joins <- struct{}{}
		return nil, nil, false
	})
	cluster.ControlKey(kmsg.Heartbeat.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		resp := req.ResponseKind().(*kmsg.HeartbeatResponse)
		resp.ErrorCode = kerr.RebalanceInProgress.Code
		return resp, nil, true // once
	})
	<-joins
	require.Equal(t, int32(1), commits.Load())
	require.NoError(t, producer.Close())
	healed.Store(true)
	require.NoError(t, consumer.Close(t.Context()))
}
