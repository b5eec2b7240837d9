package usecase_test

import (
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/docstore/docstoretest"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/accounts/usecase"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const isp = "isp-1"

var start = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)

// fixture is the use cases over a database that outlives processes.
type fixture struct {
	*usecase.App
	t       *testing.T
	now     time.Time
	backend docstore.Backend
	store   *docstore.Store
	bus     *docstoretest.Recorder
}

func newFixture(t *testing.T) *fixture {
	f := &fixture{t: t, now: start, backend: docstoretest.NewMemory(), bus: &docstoretest.Recorder{}}
	f.App, f.store = f.process(f.backend)
	return f
}

// process returns the use cases of a new process on a backend.
func (f *fixture) process(backend docstore.Backend) (*usecase.App, *docstore.Store) {
	store := docstore.New(backend, f.bus, docstore.Config{})
	app := usecase.New(store, usecase.Config{
		AlertBefore: 3 * 24 * time.Hour,
		Now:         func() time.Time { return f.now },
		Log:         slog.New(slog.DiscardHandler),
	})
	return app, store
}

// events returns what was published since the last call, as type or type:device.
func (f *fixture) events() []string {
	f.t.Helper()
	require.NoError(f.t, f.store.Flush(f.t.Context()))
	var types []string
	for _, m := range f.bus.Take() {
		types = append(types, m.EventType)
	}
	return types
}

func (f *fixture) days(n int) { f.now = f.now.Add(time.Duration(n) * 24 * time.Hour) }

func account(maxInactiveDays *int) rsevent.Account {
	return rsevent.Account{
		AccountID: "a1", ISPID: isp, Name: "n", Status: rsevent.AccountActive,
		Products: []string{rsevent.ProductRouterSecure}, MaxInactiveDays: maxInactiveDays,
	}
}

func device(id string, status *rsevent.ProductStatus) rsevent.Device {
	d := rsevent.Device{DeviceID: id, AccountID: "a1", Kind: rsevent.KindDevice, Name: id, MAC: "a4:83:e7:00:00:01"}
	if status != nil {
		d.ProductData = map[string]rsevent.ProductData{rsevent.ProductRouterSecure: {Status: *status}}
	}
	return d
}

// household stores account a1 with one user and two inactive devices.
func (f *fixture) household(maxInactiveDays *int) {
	f.t.Helper()
	require.NoError(f.t, f.CreateAccount(f.t.Context(), account(maxInactiveDays), false))
	require.NoError(f.t, f.CreateUser(f.t.Context(), isp, rsevent.User{UserID: "u1", AccountID: "a1", Name: "n"}, false))
	for _, id := range []string{"d1", "d2"} {
		d := device(id, &rsevent.ProductStatus{})
		d.UserID = "u1"
		_, err := f.CreateDevice(f.t.Context(), isp, d, false)
		require.NoError(f.t, err)
	}
	f.events()
}

// deletion returns the day on which a device is to be deleted, counted from the
// start; -1 for never.
func (f *fixture) deletion(id string) int {
	f.t.Helper()
	d, err := f.GetDevice(f.t.Context(), isp, "a1", id)
	require.NoError(f.t, err)
	if d.Internal == nil {
		return -1
	}
	return int(d.Internal.DeletionTimestamp.Sub(start) / (24 * time.Hour))
}

func assertSameSet(t *testing.T, want, got []string, msg ...any) {
	t.Helper()
	want, got = slices.Clone(want), slices.Clone(got)
	slices.Sort(want)
	slices.Sort(got)
	assert.Equal(t, want, got, msg...)
}
