package managementtest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/management"
)

// filters checks each condition of management.Filter.
func (f stateFixture) filters(t *testing.T) {
	at := func(m int) time.Time { return sampleTime.Add(time.Duration(m) * time.Minute) }
	f.update(t, func(ctx context.Context, tx management.Tx) error {
		require.NoError(t, tx.Accounts().Insert(ctx, sampleAccount("a")))
		require.NoError(t, tx.Accounts().Insert(ctx, sampleAccount("b")))
		p1, p2, p3 := sampleProject("p1", "a"), sampleProject("p2", "a"), sampleProject("p3", "b")
		p1.CheckAt, p2.CheckAt, p3.CheckAt = time.Time{}, at(1), at(2)
		p2.DeletedAt, p2.PurgeAt = at(1), at(5)
		p3.DeletedAt, p3.PurgeAt, p3.Purging = at(2), at(5), true
		for _, p := range []management.Project{p1, p2, p3} {
			require.NoError(t, tx.Projects().Insert(ctx, p))
		}
		require.NoError(t, tx.Ports().Insert(ctx, management.Port{ID: "o1", ProjectID: "p1", AccountID: "a", CheckAt: at(1)}))
		require.NoError(t, tx.Ports().Insert(ctx, management.Port{ID: "o2", ProjectID: "p2", AccountID: "a", DeletedAt: at(1)}))
		for i, o := range []management.Operation{
			{ID: "1", Key: "K", Type: management.OpCreateProject, AccountID: "a", Pending: true, CreatedAt: at(1)},
			{ID: "2", Key: "k", Type: management.OpSyncProject, AccountID: "a", Pending: true, CreatedAt: at(2)},
			{ID: "3", Key: "l", Type: management.OpCreateProject, AccountID: "b", CreatedAt: at(3)},
			{ID: "4", Key: "m", Type: management.OpCreatePort, AccountID: "b", CreatedAt: at(1)},
		} {
			require.NoError(t, tx.Operations().Insert(ctx, o), i)
		}
		require.NoError(t, tx.Clusters().Insert(ctx, management.Cluster{ID: "c1"}))
		require.NoError(t, tx.Clusters().Insert(ctx, management.Cluster{ID: "c2", SnapshotPending: true}))
		return nil
	})
	projects := map[string]struct {
		filter management.Filter
		want   []string
	}{
		"account":     {management.Filter{AccountID: "a"}, []string{"p1", "p2"}},
		"name":        {management.Filter{AccountID: "a", Names: []string{"NAME P2"}}, []string{"p2"}},
		"accounts":    {management.Filter{AccountIDs: []string{"b", "a"}}, []string{"p1", "p2", "p3"}},
		"names":       {management.Filter{AccountIDs: []string{"a"}, Names: []string{"name p1", "Name p3"}}, []string{"p1"}},
		"live":        {management.Filter{Live: true}, []string{"p1"}},
		"deleted by":  {management.Filter{DeletedBy: at(2)}, []string{"p3"}},
		"deleted all": {management.Filter{DeletedBy: at(1)}, []string{"p2", "p3"}},
		"check":       {management.Filter{CheckBy: at(1)}, []string{"p2"}},
		"purge":       {management.Filter{PurgeBy: at(5)}, []string{"p2"}},
		"not yet":     {management.Filter{PurgeBy: at(4)}, nil},
	}
	for name, tc := range projects {
		t.Run(name, func(t *testing.T) { listed(t, f, management.Tx.Projects, tc.filter, tc.want) })
	}
	listed(t, f, management.Tx.Accounts, management.Filter{Names: []string{"name B"}}, []string{"b"})
	listed(t, f, management.Tx.Ports, management.Filter{ProjectID: "p1"}, []string{"o1"})
	listed(t, f, management.Tx.Ports, management.Filter{Live: true}, []string{"o1"})
	listed(t, f, management.Tx.Ports, management.Filter{CheckBy: at(1)}, []string{"o1"})
	listed(t, f, management.Tx.Operations, management.Filter{Names: []string{"k"}}, []string{"2"})
	listed(t, f, management.Tx.Operations, management.Filter{Pending: true, Type: management.OpCreateProject}, []string{"1"})
	listed(t, f, management.Tx.Operations, management.Filter{Finished: true}, []string{"4", "3"})
	listed(t, f, management.Tx.Operations, management.Filter{Pending: true, Before: at(2)}, []string{"1"})
	listed(t, f, management.Tx.Clusters, management.Filter{Pending: true}, []string{"c2"})
	listed(t, f, management.Tx.Clusters, management.Filter{ResourceID: "c1"}, []string{"c1"})
	listed(t, f, management.Tx.Clusters, management.Filter{ResourceIDs: []string{"none", "c2", "c1"}}, []string{"c1", "c2"})
	listed(t, f, management.Tx.Clusters, management.Filter{ResourceIDs: []string{}}, nil)
}

func listed[T any](t *testing.T, f stateFixture, table func(management.Tx) management.Table[T],
	filter management.Filter, want []string,
) {
	t.Helper()
	f.view(t, func(ctx context.Context, tx management.Tx) error {
		rows, err := table(tx).List(ctx, filter)
		require.NoError(t, err)
		var ids []string
		for _, row := range rows {
			ids = append(ids, idOf(row))
		}
		require.Equal(t, want, ids)
		n, err := table(tx).Count(ctx, filter)
		require.Len(t, want, n)
		return err
	})
}

func idOf(row any) string {
	switch r := row.(type) {
	case management.Account:
		return r.ID
	case management.Project:
		return r.ID
	case management.Port:
		return r.ID
	case management.Operation:
		return r.ID
	case management.Cluster:
		return r.ID
	default:
		return ""
	}
}

func (f stateFixture) pages(t *testing.T) {
	f.update(t, func(ctx context.Context, tx management.Tx) error {
		for _, id := range []string{"c", "a", "B", "d"} {
			if err := tx.Accounts().Insert(ctx, sampleAccount(id)); err != nil {
				return err
			}
		}
		return nil
	})
	listed(t, f, management.Tx.Accounts, management.Filter{}, []string{"B", "a", "c", "d"})
	f.view(t, func(ctx context.Context, tx management.Tx) error {
		rows, err := tx.Accounts().List(ctx, management.Filter{After: "B", Limit: 2})
		require.NoError(t, err)
		require.Equal(t, []string{"a", "c"}, []string{rows[0].ID, rows[1].ID})
		return nil
	})
}

func (f stateFixture) unknownFilters(t *testing.T) {
	f.update(t, func(ctx context.Context, tx management.Tx) error {
		return tx.Accounts().Insert(ctx, sampleAccount("a"))
	})
	f.view(t, func(ctx context.Context, tx management.Tx) error {
		_, err := tx.Accounts().List(ctx, management.Filter{ResourceID: "x"})
		require.Error(t, err)
		_, err = tx.Accounts().Count(ctx, management.Filter{CheckBy: sampleTime})
		require.Error(t, err)
		return nil
	})
}
