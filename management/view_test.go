package management_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/internal/demeterevent"
	"github.com/hexplane/hexplane/internal/portschema"
	"github.com/hexplane/hexplane/management"
)

// countingState counts how often statuses are asked for.
type countingState struct {
	management.StateStore

	statuses *int
}

func (s countingState) View(ctx context.Context, fn func(context.Context, management.Tx) error) error {
	return s.StateStore.View(ctx, func(ctx context.Context, tx management.Tx) error {
		return fn(ctx, countingTx{tx, s.statuses})
	})
}

type countingTx struct {
	management.Tx

	statuses *int
}

func (t countingTx) Statuses() management.Table[management.Status] {
	*t.statuses++
	return t.Tx.Statuses()
}

// TestAPageAsksOnceForItsStatuses, however many rows it has.
func TestAPageAsksOnceForItsStatuses(t *testing.T) {
	w := newWorld(t)
	w.cluster(t, "paris", nil)
	ctx := operator(t.Context())
	_, err := w.RegisterPortKind(ctx, "http", []byte(`{"type":"object"}`))
	require.NoError(t, err)
	owner := w.account(t, "a").ID
	var last management.ProjectView
	for i := range 5 {
		last = w.project(t, owner, fmt.Sprint("p", i))
		w.report(t, last.Project, "paris", demeterevent.PhaseReady)
		_, err := w.CreatePort(ctx, management.NewPort{ProjectID: last.ID, Kind: "http", Spec: []byte(`{}`)})
		require.NoError(t, err)
		_, err = w.CreatePort(ctx, management.NewPort{ProjectID: last.ID, Kind: "http", Spec: []byte(`{"a":1}`)})
		require.NoError(t, err)
	}
	asked := 0
	svc := management.New(countingState{w.state, &asked}, w.demeter, portschema.New(), w.cfg)
	views, err := svc.ListProjects(ctx, owner, false, management.Page{})
	require.NoError(t, err)
	require.Len(t, views, 6)
	require.Equal(t, demeterevent.PhaseReady, views[5].States["paris"].Phase)
	require.Equal(t, demeterevent.PhasePending, views[0].States["paris"].Phase, "the default project, of which nothing was said")
	require.Equal(t, 1, asked)

	asked = 0
	ports, err := svc.ListPorts(ctx, last.ID, management.Page{})
	require.NoError(t, err)
	require.Len(t, ports, 2)
	require.Equal(t, 2, asked, "the project that the caller must be allowed to see, then the page")
}
