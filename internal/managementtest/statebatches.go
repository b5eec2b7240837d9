package managementtest

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/management"
)

func (f stateFixture) manyRows(t *testing.T) {
	f.update(t, func(ctx context.Context, tx management.Tx) error {
		none, err := tx.Accounts().GetAll(ctx)
		require.NoError(t, err)
		require.Empty(t, none)
		stored, err := tx.Accounts().InsertAll(ctx)
		require.NoError(t, err)
		require.Zero(t, stored)
		named := sampleAccount("d")
		named.Name = "NAME A"
		stored, err = tx.Accounts().InsertAll(ctx, sampleAccount("b"), sampleAccount("a"), named, sampleAccount("a"), sampleAccount("c"))
		require.NoError(t, err)
		require.Equal(t, 3, stored, "not those whose id or name is taken")
		found, err := tx.Accounts().GetAll(ctx, "c", "none", "a", "c")
		require.NoError(t, err)
		require.Equal(t, []management.Account{sampleAccount("a"), sampleAccount("c")}, found)

		renamed := sampleAccount("c")
		renamed.Name = "other"
		require.NoError(t, tx.Accounts().PutAll(ctx, renamed, sampleAccount("e")))
		require.NoError(t, tx.Accounts().PutAll(ctx))
		found, err = tx.Accounts().GetAll(ctx, "c", "e")
		require.NoError(t, err)
		require.Equal(t, []management.Account{renamed, sampleAccount("e")}, found)

		stored, err = tx.Projects().InsertAll(ctx, sampleProject("p", "a"), sampleProject("q", "b"), sampleProject("r", "a"))
		require.NoError(t, err)
		require.Equal(t, 3, stored)
		return nil
	})
}

func (f stateFixture) finishOperations(t *testing.T) {
	f.update(t, func(ctx context.Context, tx management.Tx) error {
		stored, err := tx.Operations().InsertAll(ctx,
			management.Operation{ID: "1", Key: "k1", Pending: true, Intent: []byte(`{}`)},
			management.Operation{ID: "2", Key: "k2", Pending: true},
			management.Operation{ID: "3", Key: "k3"},
			management.Operation{ID: "4", Key: "k2", Pending: true})
		require.NoError(t, err)
		require.Equal(t, 3, stored)
		ended, err := tx.FinishOperations(ctx, "1", "3", "none")
		require.NoError(t, err)
		require.Equal(t, []string{"1"}, ended)
		ended, err = tx.FinishOperations(ctx, "1")
		require.NoError(t, err)
		require.Empty(t, ended)
		op, err := tx.Operations().Get(ctx, "1")
		require.NoError(t, err)
		require.Equal(t, management.Operation{ID: "1", Key: "k1", Intent: []byte(`{}`)}, op)
		return nil
	})
}

func (f stateFixture) addProjects(t *testing.T) {
	counts := func() (all []int) {
		f.view(t, func(ctx context.Context, tx management.Tx) error {
			accounts, err := tx.Accounts().GetAll(ctx, "a", "b", "c")
			for _, a := range accounts {
				all = append(all, a.Projects)
			}
			return err
		})
		return all
	}
	f.update(t, func(ctx context.Context, tx management.Tx) error {
		a := sampleAccount("a")
		a.Projects = 1
		_, err := tx.Accounts().InsertAll(ctx, a, sampleAccount("b"), sampleAccount("c"))
		require.NoError(t, err)
		for _, nothing := range []map[string]int{nil, {}, {"none": 3}} {
			totals, err := tx.AddProjects(ctx, nothing)
			require.NoError(t, err)
			require.Empty(t, totals)
		}
		totals, err := tx.AddProjects(ctx, map[string]int{"a": 2, "b": 3, "none": 4})
		require.NoError(t, err)
		require.Equal(t, map[string]int{"a": 3, "b": 3}, totals)
		totals, err = tx.AddProjects(ctx, map[string]int{"b": -1, "a": 1, "c": 1})
		require.NoError(t, err)
		require.Equal(t, map[string]int{"a": 4, "b": 2, "c": 1}, totals)
		return nil
	})
	require.Equal(t, []int{4, 2, 1}, counts())
	var together sync.WaitGroup
	for range 8 {
		together.Go(func() {
			f.update(t, func(ctx context.Context, tx management.Tx) error {
				_, err := tx.AddProjects(ctx, map[string]int{"a": 1, "b": 1, "c": 1})
				return err
			})
		})
	}
	together.Wait()
	require.Equal(t, []int{12, 10, 9}, counts(), "none is lost")
	require.Error(t, f.store.View(t.Context(), func(ctx context.Context, tx management.Tx) error {
		_, err := tx.AddProjects(ctx, map[string]int{"a": 1})
		return err
	}))
}
