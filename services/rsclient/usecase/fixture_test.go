package usecase_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/docstore/docstoretest"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rsclient/domain"
	"github.com/hexplane/hexplane/services/rsclient/store"
	"github.com/hexplane/hexplane/services/rsclient/usecase"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeTasks remembers what is started and dispatched.
type fakeTasks struct {
	started    []asynctask.StartOptions
	dispatched []*eventbus.Message
	err        error // of DispatchEvent
}

func (f *fakeTasks) Start(_ context.Context, opt asynctask.StartOptions) (asynctask.Result, error) {
	f.started = append(f.started, opt)
	return asynctask.Result{}, nil
}

func (f *fakeTasks) DispatchEvent(_ context.Context, msg *eventbus.Message) (asynctask.Result, error) {
	f.dispatched = append(f.dispatched, msg)
	return asynctask.Result{}, f.err
}

// fixture is rsclient's use cases over memory.
type fixture struct {
	t      testing.TB
	docs   *docstore.Store
	bus    *docstoretest.Recorder
	tasks  *fakeTasks
	tables usecase.Tables
	*usecase.Provisioning

	providers *usecase.Providers
	packages  *usecase.Packages
	settings  *usecase.Settings
	replies   *usecase.Replies
	viewer    *usecase.Viewer
	clock     int
	later     time.Duration // how far the service's clock has moved
}

// time is the service's clock, which only moves when a test moves it.
func (f *fixture) time() time.Time { return time.UnixMilli(1_000_000).Add(f.later) }

func newFixture(t testing.TB) *fixture {
	f := &fixture{t: t, bus: &docstoretest.Recorder{}, tasks: &fakeTasks{}}
	f.docs = docstore.New(docstoretest.NewMemory(), f.bus, docstore.Config{})
	f.tables = store.Tables(f.docs)
	push := usecase.NewPush(f.tasks)
	f.Provisioning = usecase.NewProvisioning(f.tables, push, f.time)
	f.providers = usecase.NewProviders(f.tables, push)
	f.packages = usecase.NewPackages(f.tables, push)
	f.settings = usecase.NewSettings(f.tables)
	f.replies = usecase.NewReplies(f.tables, f.tasks, f.bus)
	f.viewer = usecase.NewViewer(f.tables)
	return f
}

// at is the revision of the n-th event.
func at(n int) domain.Revision {
	return domain.Revision{At: time.UnixMilli(int64(n)).UTC(), Event: fmt.Sprintf("event-%06d", n)}
}

// news is the revision of an event newer than any before.
func (f *fixture) news() domain.Revision {
	f.clock++
	return at(f.clock)
}

func (f *fixture) ok(err error) {
	f.t.Helper()
	require.NoError(f.t, err)
}

// told takes what was published since the last call, as "type:subject".
func (f *fixture) told() []string {
	f.t.Helper()
	require.NoError(f.t, f.docs.Flush(context.Background()))
	list := []string{}
	for _, m := range f.bus.Take() {
		var p struct {
			Device   *rsevent.Device `json:"device"`
			DeviceID string          `json:"device_id"`
			User     *rsevent.User   `json:"user"`
		}
		require.NoError(f.t, json.Unmarshal(m.Payload, &p))
		subject := p.DeviceID
		if subject == "" && p.Device != nil {
			subject = p.Device.DeviceID
		}
		if subject == "" && p.User != nil {
			subject = p.User.UserID
		}
		if m.Topic == rsevent.TopicProvision || m.Topic == rsevent.TopicSubsystem {
			assert.Equal(f.t, "a1", m.Key, "%s is keyed by its account", m.EventType)
		} else {
			assert.Equal(f.t, isp, m.Key, "%s is keyed by its ISP", m.EventType)
		}
		list = append(list, m.EventType+":"+subject)
	}
	return list
}

const isp = "isp-1"

func account(change ...func(*rsevent.Account)) rsevent.Account {
	a := rsevent.Account{
		AccountID: "a1", ISPID: isp, Name: "Household", Status: rsevent.AccountActive,
		Products: []string{rsevent.ProductRouterSecure},
	}
	for _, c := range change {
		c(&a)
	}
	return a
}

func suspended(a *rsevent.Account) { a.Status = rsevent.AccountSuspended }

func phone(change ...func(*rsevent.Device)) rsevent.Device {
	d := rsevent.Device{
		DeviceID: "d1", AccountID: "a1", ISPID: isp, UserID: "u1",
		Kind: rsevent.KindDevice, Name: "Phone", MAC: "a4:83:e7:00:00:01",
	}
	for _, c := range change {
		c(&d)
	}
	return d
}

func router(change ...func(*rsevent.Device)) rsevent.Device {
	d := rsevent.Device{
		DeviceID: "r1", AccountID: "a1", ISPID: isp, Kind: rsevent.KindRouter, Name: "Router",
		MAC: "a4:83:e7:00:00:02", Agent: &rsevent.Agent{Target: "mips"},
		FeatureFlags: map[string]bool{"dns": true}, UploadIntervals: map[string]int{"stats": 60},
	}
	for _, c := range change {
		c(&d)
	}
	return d
}

func filtering(on bool) *rsevent.Services {
	return &rsevent.Services{ContentFiltering: &rsevent.Service{Enabled: new(on)}}
}

func user(services *rsevent.Services) rsevent.User {
	return rsevent.User{UserID: "u1", AccountID: "a1", Name: "Ana", Services: services}
}

func protect(f *fixture) {
	f.t.Helper()
	_, err := f.settings.Change(f.t.Context(), isp, func(s *domain.Settings) { s.RouterProtection = true })
	f.ok(err)
}
