package demeterevent_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-playground/validator/v10"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/internal/demeterevent"
)

func TestDutyOf(t *testing.T) {
	both := []string{"berlin", "paris"}
	cases := map[string]struct {
		target  demeterevent.Target
		cluster string
		want    demeterevent.Duty
	}{
		"placed":               {demeterevent.Target{Clusters: both}, "paris", demeterevent.DutyApply},
		"not placed":           {demeterevent.Target{Clusters: both}, "oslo", demeterevent.DutyRemove},
		"nowhere":              {demeterevent.Target{Clusters: []string{}}, "oslo", demeterevent.DutyRemove},
		"snapshot for us":      {demeterevent.Target{Clusters: both, SnapshotFor: "paris"}, "paris", demeterevent.DutyApply},
		"snapshot for another": {demeterevent.Target{Clusters: both, SnapshotFor: "paris"}, "berlin", demeterevent.DutyIgnore},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want, tc.target.DutyOf(tc.cluster))
		})
	}
}

func TestStale(t *testing.T) {
	require.True(t, demeterevent.Stale(1, 2))
	require.False(t, demeterevent.Stale(2, 2), "redelivery is applied again")
	require.False(t, demeterevent.Stale(3, 2))
}

func TestReasonIsCut(t *testing.T) {
	require.Equal(t, "Refused: no", demeterevent.Reason(demeterevent.CodeRefused, "no"))
	require.Len(t, demeterevent.Reason(demeterevent.CodeRefused, strings.Repeat("x", 5000)), 1024)
}

func TestWireForm(t *testing.T) {
	raw, err := json.Marshal(demeterevent.Project{
		ProjectID: "p", AccountID: "a", Name: "shop", Namespace: "prj-shop-abc123", Generation: 3,
		Target: demeterevent.Target{Clusters: []string{"paris"}, SnapshotFor: "paris"},
	})
	require.NoError(t, err)
	require.JSONEq(t, `{"project_id":"p","account_id":"a","name":"shop","namespace":"prj-shop-abc123",
		"generation":3,"clusters":["paris"],"snapshot_for":"paris"}`, string(raw))
}

func TestValidation(t *testing.T) {
	v := validator.New(validator.WithRequiredStructEnabled())
	good := demeterevent.NamespaceState{
		ProjectID: "p", ClusterID: "c", Namespace: "prj-shop-abc123",
		Phase: demeterevent.PhaseReady, ObservedGeneration: 1, ObservedAt: time.Unix(1, 0),
	}
	require.NoError(t, v.Struct(good))

	pending := good
	pending.Phase = demeterevent.PhasePending
	require.Error(t, v.Struct(pending), "pending is management's word, not a fabric's")

	nul := good
	nul.Reason = "a\x00b"
	require.Error(t, v.Struct(nul), "PostgreSQL cannot store it")
	require.Equal(t, "Refused: ab", demeterevent.Reason(demeterevent.CodeRefused, nul.Reason))

	require.Error(t, v.Struct(demeterevent.Project{
		ProjectID: "p", AccountID: "a", Name: "n", Namespace: "ns", Generation: 1,
	}), "clusters must be given, if only as []")
	require.NoError(t, v.Struct(demeterevent.Project{
		ProjectID: "p", AccountID: "a", Name: "n", Namespace: "ns", Generation: 1,
		Target: demeterevent.Target{Clusters: []string{}},
	}))
	require.NoError(t, v.Struct(demeterevent.Heartbeat{ClusterID: "paris-1", SentAt: time.Unix(1, 0)}))
	require.Error(t, v.Struct(demeterevent.Heartbeat{ClusterID: "no spaces", SentAt: time.Unix(1, 0)}))
}
