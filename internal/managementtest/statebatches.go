package managementtest

import (
	"context"
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
		counts, err := tx.Projects().CountByAccount(ctx, management.Filter{AccountIDs: []string{"a", "b", "c"}})
		require.NoError(t, err)
		require.Equal(t, map[string]int{"a": 2, "b": 1}, counts)
		_, err = tx.Accounts().CountByAccount(ctx, management.Filter{})
		require.Error(t, err)
		return nil
	})
}

func (f stateFixture) finishOperations(t *testing.T) {
	f.update(t, func(ctx context.Context, tx management.Tx) error {
		stored, err := tx.Operations().InsertAll(ctx,
			management.Operation{ID: "1", Key: "k1", Reservation: "r1", Pending: true, Intent: []byte(`{}`)},
			management.Operation{ID: "2", Key: "k2", Reservation: "r2", Pending: true},
			management.Operation{ID: "3", Key: "k3"},
			management.Operation{ID: "4", Key: "k4", Reservation: "r2", Pending: true})
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
		_, err = tx.Operations().InsertAll(ctx, management.Operation{ID: "5", Key: "k5", Reservation: "r1", Pending: true})
		return err
	})
}
