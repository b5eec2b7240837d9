package membus_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/eventbustest"
	"github.com/hexplane/hexplane/eventbus/membus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTransport(t *testing.T) {
	bus := membus.New(membus.Config{})
	eventbustest.Run(t, eventbustest.Harness{
		Transport: func(*testing.T) eventbus.Transport { return bus },
		Features:  eventbustest.Features{Partitions: 4},
	})
}
