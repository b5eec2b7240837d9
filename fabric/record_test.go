package fabric_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/fabric"
	"github.com/hexplane/hexplane/fabric/fabrictest"
	"github.com/hexplane/hexplane/fabric/memcluster"
	"github.com/hexplane/hexplane/internal/demeterevent"
)

// faulty is a cluster in memory that refuses what the function says.
func faulty(refuse func(memcluster.Call) error) (*memcluster.Cluster, *fabrictest.Recorder, mortal) {
	cluster := memcluster.New(memcluster.Config{PortKinds: []string{"http"}, Intercept: refuse})
	reports := &fabrictest.Recorder{}
	return cluster, reports, mortal{cluster, newLife(0, false), reports, &sync.Map{}}
}

func TestARecordThatIsRefusedIsReportedAndHoldsNothingUp(t *testing.T) {
	cluster, reports, outside := faulty(func(c memcluster.Call) error {
		if c.Write() && c.Ref.Kind == fabric.KindConfigMap && c.Ref.Name == "project-p-big" {
			return fmt.Errorf("%w: too large", fabric.ErrInvalid)
		}
		return nil
	})
	cb, stop := live(t, outside)
	defer stop()
	big, small := aProject("big"), aProject("small")
	require.NoError(t, cb.Notify(t.Context(), event(t, demeterevent.ProjectCreated, big)))
	require.NoError(t, cb.Notify(t.Context(), event(t, demeterevent.ProjectCreated, small)))
	require.Equal(t, demeterevent.PhaseDegraded, lastOf(reports.Namespaces(big.ProjectID)).Phase)
	require.Equal(t, demeterevent.PhaseReady, lastOf(reports.Namespaces(small.ProjectID)).Phase)
	require.NotContains(t, cluster.Namespaces(), big.Namespace)
}

func TestARecordThatCannotBeReadIsReplacedByTheNextEvent(t *testing.T) {
	_, reports, outside := faulty(nil)
	cb, stop := live(t, outside)
	p := aProject("shop")
	require.NoError(t, cb.Notify(t.Context(), event(t, demeterevent.ProjectCreated, p)))
	stop()
	ref := fabric.Ref{Kind: fabric.KindConfigMap, Namespace: "demeter-system", Name: "project-p-shop"}
	cluster, ok := outside.Cluster.(*memcluster.Cluster)
	require.True(t, ok)
	require.NoError(t, cluster.Edit(ref, func(o *fabric.Object) {
		o.Fields["data"] = map[string]any{"record": "{not json"}
	}))

	cb, stop = live(t, outside)
	defer stop()
	p.Generation = 2
	require.Eventually(t, func() bool {
		return cb.Notify(t.Context(), event(t, demeterevent.ProjectUpdated, p)) == nil
	}, 30*time.Second, time.Millisecond)
	state := lastOf(reports.Namespaces(p.ProjectID))
	require.Equal(t, demeterevent.PhaseReady, state.Phase)
	require.EqualValues(t, 2, state.ObservedGeneration)
}

func TestAFailureOfTheClusterIsNeverADeadLetter(t *testing.T) {
	for _, cause := range []error{fabric.ErrUnavailable, fabric.ErrConflict, fmt.Errorf("something new")} {
		_, _, outside := faulty(func(c memcluster.Call) error {
			if c.Write() && c.Ref.Kind == fabric.KindResourceQuota {
				return cause
			}
			return nil
		})
		cb, stop := live(t, outside)
		err := cb.Notify(t.Context(), event(t, demeterevent.ProjectCreated, aProject("shop")))
		require.ErrorIs(t, err, cause)
		require.False(t, eventbus.IsPermanent(err))
		stop()
	}
}
