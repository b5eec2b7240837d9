package usecase_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/docstore/docstoretest"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/accounts/usecase"
)

// crashEverywhere runs a use case in processes that die after 0, 1, 2, ... writes.
// Each time a new process runs Maintain, and verify looks at the result.
func crashEverywhere(
	t *testing.T, prepare func(*fixture), run func(context.Context, *usecase.App) error,
	verify func(t *testing.T, f *fixture, writes int),
) {
	for writes := 0; ; writes++ {
		f := newFixture(t)
		prepare(f)
		app, _ := f.process(docstoretest.NewMortal(f.backend, writes))
		err := run(t.Context(), app)
		if err != nil {
			require.ErrorIs(t, err, docstoretest.ErrDead)
		}
		require.NoError(t, f.Maintain(t.Context()))
		verify(t, f, writes)
		if err == nil {
			require.Positive(t, writes)
			return
		}
	}
}

func TestInterruptedAccountDeletionIsFinished(t *testing.T) {
	crashEverywhere(t,
		func(f *fixture) { f.household(nil) },
		func(ctx context.Context, app *usecase.App) error { return app.DeleteAccount(ctx, isp, "a1") },
		func(t *testing.T, f *fixture, writes int) {
			if writes == 0 { // not even begun: the caller was told so
				assert.Empty(t, f.events())
				return
			}
			assert.Equal(t, []string{"DeviceDeleted", "DeviceDeleted", "UserDeleted", "AccountDeleted"}, f.events())
			_, err := f.GetAccount(t.Context(), isp, "a1")
			require.ErrorIs(t, err, docstore.ErrNotFound)
		})
}

func TestInterruptedRecalculationIsFinished(t *testing.T) {
	crashEverywhere(t,
		func(f *fixture) { f.household(new(30)) },
		func(ctx context.Context, app *usecase.App) error {
			_, err := app.PatchAccount(ctx, isp, "a1", []byte(`{"max_inactive_days":10}`))
			return err
		},
		func(t *testing.T, f *fixture, writes int) {
			want, events := 10, []string{"AccountUpdated", "DeviceUpdated", "DeviceUpdated"}
			if writes == 0 {
				want, events = 30, nil
			}
			assert.Equal(t, want, f.deletion("d1"))
			assert.Equal(t, want, f.deletion("d2"))
			assert.Equal(t, events, f.events())
		})
}

func TestInterruptedConfigurationIsFinished(t *testing.T) {
	crashEverywhere(t,
		func(f *fixture) { f.household(nil) },
		func(ctx context.Context, app *usecase.App) error {
			err := app.ConfigureISP(ctx, isp, rsevent.ISPConfiguration{MaxInactiveDays: new(20)})
			return errors.Join(err, app.Maintain(ctx))
		},
		func(t *testing.T, f *fixture, writes int) {
			if writes == 0 {
				return // the event comes again
			}
			assert.Equal(t, 20, f.deletion("d1"))
			assert.Equal(t, 20, f.deletion("d2"))
			assert.Equal(t, []string{"DeviceUpdated", "DeviceUpdated"}, f.events())
		})
}

func TestInterruptedUserDeletionCanBeRepeated(t *testing.T) {
	crashEverywhere(t,
		func(f *fixture) { f.household(nil) },
		func(ctx context.Context, app *usecase.App) error { return app.DeleteUser(ctx, isp, "a1", "u1") },
		func(t *testing.T, f *fixture, _ int) {
			if err := f.DeleteUser(t.Context(), isp, "a1", "u1"); err != nil {
				require.ErrorIs(t, err, docstore.ErrNotFound)
			}
			assert.Equal(t, []string{"DeviceUpdated", "DeviceUpdated", "UserDeleted"}, f.events())
			d, err := f.GetDevice(t.Context(), isp, "a1", "d1")
			require.NoError(t, err)
			assert.Empty(t, d.UserID)
		})
}

// A device whose creation dies between its own write and the second look at the
// account must not survive the account.
func TestStragglersOfADeletedAccountAreFound(t *testing.T) {
	f := newFixture(t)
	f.household(nil)
	late := &interleaved{Backend: f.backend, collection: "devices", meanwhile: func() {
		require.NoError(t, f.DeleteAccount(t.Context(), isp, "a1"))
	}}
	app, _ := f.process(docstoretest.NewMortal(late, 1))
	_, err := app.CreateDevice(t.Context(), isp, device("d3", nil), false)
	require.ErrorIs(t, err, docstoretest.ErrDead)

	f.now = f.now.Add(time.Hour)
	require.NoError(t, f.Maintain(t.Context()))
	got := f.events()
	assertSameSet(t, []string{
		"DeviceDeleted", "DeviceDeleted", "UserDeleted", "AccountDeleted", "DeviceCreated", "DeviceDeleted",
	}, got)
	assert.Equal(t, "DeviceDeleted", got[len(got)-1])
	_, err = f.backend.Get(t.Context(), "devices", "d3")
	require.ErrorIs(t, err, docstore.ErrNotFound)
	_, err = f.backend.Get(t.Context(), "accounts", "a1")
	require.ErrorIs(t, err, docstore.ErrNotFound, "the marker is gone too")
}

func TestDeviceCreatedWhileItsAccountIsDeleted(t *testing.T) {
	f := newFixture(t)
	f.household(nil)
	late := &interleaved{Backend: f.backend, collection: "devices", meanwhile: func() {
		require.NoError(t, f.DeleteAccount(t.Context(), isp, "a1"))
	}}
	app, _ := f.process(late)
	_, err := app.CreateDevice(t.Context(), isp, device("d3", nil), false)
	require.ErrorIs(t, err, docstore.ErrNotFound)
	_, err = f.backend.Get(t.Context(), "devices", "d3")
	require.ErrorIs(t, err, docstore.ErrNotFound)
}

func TestDeviceAttachedWhileItsUserIsDeleted(t *testing.T) {
	f := newFixture(t)
	f.household(nil)
	late := &interleaved{Backend: f.backend, collection: "devices", meanwhile: func() {
		require.NoError(t, f.DeleteUser(t.Context(), isp, "a1", "u1"))
	}}
	app, _ := f.process(late)
	d3 := device("d3", nil)
	d3.UserID = "u1"
	d, err := app.CreateDevice(t.Context(), isp, d3, false)
	require.NoError(t, err)
	assert.Empty(t, d.UserID)
	d, err = f.GetDevice(t.Context(), isp, "a1", "d3")
	require.NoError(t, err)
	assert.Empty(t, d.UserID)
}

func TestDeviceStoredWhileItsAccountChanges(t *testing.T) {
	f := newFixture(t)
	f.household(new(30))
	late := &interleaved{Backend: f.backend, collection: "devices", meanwhile: func() {
		_, err := f.PatchAccount(t.Context(), isp, "a1", []byte(`{"max_inactive_days":10}`))
		require.NoError(t, err)
	}}
	app, _ := f.process(late)
	_, err := app.CreateDevice(t.Context(), isp, device("d3", &rsevent.ProductStatus{}), false)
	require.NoError(t, err)
	assert.Equal(t, 10, f.deletion("d3"))
}

// interleaved lets something else happen right before the first write to a
// collection: after the writer has read all that it depends on.
type interleaved struct {
	docstore.Backend
	collection string
	meanwhile  func()
}

func (i *interleaved) Write(ctx context.Context, w docstore.Write) (int64, error) {
	if meanwhile := i.meanwhile; w.Collection == i.collection && meanwhile != nil {
		i.meanwhile = nil
		meanwhile()
	}
	return i.Backend.Write(ctx, w)
}
