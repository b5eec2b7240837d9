package eventbustest_test

import (
	"testing"

	"github.com/ThreeDotsLabs/watermill/pubsub/tests"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/eventbustest"
	"github.com/hexplane/hexplane/eventbus/franzbus"
	"github.com/hexplane/hexplane/eventbus/kafkabus"
	"github.com/hexplane/hexplane/eventbus/membus"
)

// Watermill's suite leaves goroutines and publishers of its own behind, so it
// runs here, away from the adapters' tests, which verify that nothing leaks.

func TestWatermillMembus(t *testing.T) {
	t.Parallel()
	bus := membus.New(membus.Config{Partitions: 1})
	eventbustest.Watermill(t, tests.Features{
		ConsumerGroups: true, GuaranteedOrder: true, Persistent: true, ForceShort: true,
	}, func(*testing.T) eventbus.Transport { return bus })
}

func TestWatermillKafkabus(t *testing.T) {
	t.Parallel()
	brokers := onePartition(t)
	eventbustest.Watermill(t, tests.Features{
		ConsumerGroups: true, GuaranteedOrder: true, Persistent: true, ForceShort: true,
	}, func(*testing.T) eventbus.Transport {
		return kafkabus.New(kafkabus.Config{Brokers: brokers})
	})
}

func TestWatermillFranzbus(t *testing.T) {
	t.Parallel()
	brokers := onePartition(t)
	// No GuaranteedOrder: the suite's messages have no key.
	eventbustest.Watermill(t, tests.Features{
		ConsumerGroups: true, Persistent: true, ForceShort: true,
	}, func(*testing.T) eventbus.Transport {
		return franzbus.New(franzbus.Config{Brokers: brokers})
	})
}

func onePartition(t *testing.T) []string {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.DefaultNumPartitions(1))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	return cluster.ListenAddrs()
}
