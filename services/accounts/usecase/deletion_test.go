package usecase_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/accounts/usecase"
)

func TestDeletionTimestampFollowsActivity(t *testing.T) {
	f := newFixture(t)
	f.household(new(30))
	assert.Equal(t, 30, f.deletion("d1"))

	f.days(5)
	require.NoError(t, f.DeviceConnected(t.Context(), "a1", "d1", f.now))
	assert.Equal(t, -1, f.deletion("d1"), "an active device is not deleted")
	assert.Equal(t, []string{"DeviceUpdated"}, f.events())

	f.days(1)
	require.NoError(t, f.DeviceConnected(t.Context(), "a1", "d1", f.now))
	require.NoError(t, f.DeviceConnected(t.Context(), "a1", "d1", f.now.Add(-time.Hour)), "late news")
	assert.Empty(t, f.events(), "active as before: no news")

	f.days(1)
	patch := []byte(`{"product_data":{"RouterSecure":{"status":{"active":false}}}}`)
	require.NoError(t, f.ReportDevice(t.Context(), "a1", "d1", patch))
	assert.Equal(t, 36, f.deletion("d1"), "30 days after the last activity, on day 6")
	assert.Equal(t, []string{"DeviceUpdated"}, f.events())
}

func TestWhoIsDeletedAndWhen(t *testing.T) {
	f := newFixture(t)
	require.NoError(t, f.CreateAccount(t.Context(), account(nil), false))
	past := start.Add(-10 * 24 * time.Hour)
	devices := map[string]struct {
		device rsevent.Device
		want   int
	}{
		"unseen":   {device("unseen", nil), -1},
		"active":   {device("active", &rsevent.ProductStatus{Active: true}), -1},
		"inactive": {device("inactive", &rsevent.ProductStatus{}), 20},
		"since":    {device("since", &rsevent.ProductStatus{ActiveTimestamp: &past}), 10},
		"router":   {device("router", &rsevent.ProductStatus{}), -1},
	}
	for id, d := range devices {
		if id == "router" {
			d.device.Kind = rsevent.KindRouter
		}
		_, err := f.CreateDevice(t.Context(), isp, d.device, false)
		require.NoError(t, err)
		assert.Equal(t, -1, f.deletion(id), "no one says when")
	}
	require.NoError(t, f.ConfigureISP(t.Context(), isp, rsevent.ISPConfiguration{MaxInactiveDays: new(20)}))
	require.NoError(t, f.ConfigureISP(t.Context(), "isp-2", rsevent.ISPConfiguration{MaxInactiveDays: new(1)}))
	require.NoError(t, f.Maintain(t.Context()))
	for id, d := range devices {
		assert.Equal(t, d.want, f.deletion(id), id)
	}
	_, err := f.PatchAccount(t.Context(), isp, "a1", []byte(`{"max_inactive_days":40}`))
	require.NoError(t, err)
	assert.Equal(t, 40, f.deletion("inactive"), "the account's word counts more")
	_, err = f.PatchAccount(t.Context(), isp, "a1", []byte(`{"max_inactive_days":null}`))
	require.NoError(t, err)
	assert.Equal(t, 20, f.deletion("inactive"))
	require.NoError(t, f.ConfigureISP(t.Context(), isp, rsevent.ISPConfiguration{}))
	require.NoError(t, f.Maintain(t.Context()))
	assert.Equal(t, -1, f.deletion("inactive"))
}

func TestInactiveDevicesAreAnnouncedThenDeleted(t *testing.T) {
	f := newFixture(t)
	f.household(new(30))
	require.NoError(t, f.DeviceConnected(t.Context(), "a1", "d2", f.now.Add(time.Minute)))
	f.events()
	job := func() usecase.InactiveResult {
		result, err := f.DeleteInactiveDevices(t.Context())
		require.NoError(t, err)
		return result
	}
	f.days(26)
	assert.Equal(t, usecase.InactiveResult{}, job())
	f.days(1)
	assert.Equal(t, usecase.InactiveResult{Alerted: 1}, job())
	assert.Equal(t, usecase.InactiveResult{}, job(), "once is enough")
	assert.Equal(t, []string{rsevent.TypeDeviceInactiveDeleteAlert}, f.events())
	f.days(3)
	assert.Equal(t, usecase.InactiveResult{Deleted: 1}, job())
	require.NoError(t, f.store.Flush(t.Context()))
	msgs := f.bus.Take()
	require.Len(t, msgs, 2)
	assert.Equal(t, rsevent.TypeDeviceDeleted, msgs[0].EventType)
	assert.Equal(t, rsevent.TypeDeviceInactiveDeleted, msgs[1].EventType)
	assert.Equal(t, rsevent.TopicNotification, msgs[1].Topic)
	assert.JSONEq(t, `{"account_id":"a1","isp_id":"isp-1","device_id":"d1","name":"d1",
		"deletion_timestamp":"2030-01-31T12:00:00Z","timestamp":"2030-01-31T12:00:00Z"}`, string(msgs[1].Payload))
	_, err := f.GetDevice(t.Context(), isp, "a1", "d1")
	require.ErrorIs(t, err, docstore.ErrNotFound)
	assert.Equal(t, -1, f.deletion("d2"))
}

func TestANewDeletionTimestampIsAnnouncedAgain(t *testing.T) {
	f := newFixture(t)
	f.household(new(30))
	f.days(29)
	result, err := f.DeleteInactiveDevices(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 2, result.Alerted)
	_, err = f.PatchAccount(t.Context(), isp, "a1", []byte(`{"max_inactive_days":31}`))
	require.NoError(t, err)
	result, err = f.DeleteInactiveDevices(t.Context())
	require.NoError(t, err)
	assert.Equal(t, usecase.InactiveResult{Alerted: 2}, result)
}

func TestCommandsMayComeAgain(t *testing.T) {
	f := newFixture(t)
	f.household(nil)
	d := device("found", &rsevent.ProductStatus{IsNew: true, Active: true})
	require.NoError(t, f.PostDevice(t.Context(), d))
	require.NoError(t, f.PostDevice(t.Context(), d))
	assert.Equal(t, []string{"DeviceCreated"}, f.events())
	stored, err := f.GetDevice(t.Context(), isp, "a1", "found")
	require.NoError(t, err)
	assert.True(t, stored.ProductData[rsevent.ProductRouterSecure].Status.IsNew)
	assert.Equal(t, isp, stored.ISPID)

	require.NoError(t, f.ReportDevice(t.Context(), "a1", "gone", []byte(`{"name":"x"}`)))
	require.NoError(t, f.DeviceConnected(t.Context(), "a1", "gone", f.now))
	d.AccountID = "nobody"
	require.ErrorIs(t, f.PostDevice(t.Context(), d), docstore.ErrNotFound)
	assert.Empty(t, f.events())
}

func TestMaintenanceRunsWhenToldOfWork(t *testing.T) {
	f := newFixture(t)
	f.household(nil)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- f.RunMaintenance(ctx, time.Hour) }()
	require.NoError(t, f.ConfigureISP(t.Context(), isp, rsevent.ISPConfiguration{MaxInactiveDays: new(20)}))
	require.Eventually(t, func() bool { return f.deletion("d2") == 20 }, 30*time.Second, time.Millisecond)
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
}
