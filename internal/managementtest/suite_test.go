package managementtest_test

import (
	"testing"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/managementtest"
	"github.com/hexplane/hexplane/management"
)

func TestStateInMemory(t *testing.T) {
	managementtest.RunStateStore(t, managementtest.StateHarness{
		Open: func(*testing.T) management.StateStore { return managementtest.NewState() },
		Published: func(_ *testing.T, s management.StateStore) []*eventbus.Message {
			return s.(*managementtest.State).Published()
		},
	})
}

func TestDemeterInMemory(t *testing.T) {
	managementtest.RunDemeterStore(t, func(*testing.T) management.DemeterStore { return managementtest.NewDemeter() })
}
