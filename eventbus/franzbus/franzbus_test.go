package franzbus_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/eventbustest"
	"github.com/hexplane/hexplane/eventbus/franzbus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func startBroker(t *testing.T) []string {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.DefaultNumPartitions(4))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	return cluster.ListenAddrs()
}

func TestTransport(t *testing.T) {
	brokers := startBroker(t)
	eventbustest.Run(t, eventbustest.Harness{
		Transport: func(*testing.T) eventbus.Transport {
			return franzbus.New(franzbus.Config{Brokers: brokers})
		},
		Features: eventbustest.Features{ParallelKeys: true, Partitions: 4, Shares: true},
	})
}
