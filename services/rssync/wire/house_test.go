package wire_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/hsadmin/hsadmintest"
	"github.com/hexplane/hexplane/internal/httpapi"
	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/internal/service/servicetest"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	rsadaptor "github.com/hexplane/hexplane/services/rsadaptor/wire"
	rsagents "github.com/hexplane/hexplane/services/rsagents/wire"
	rsclient "github.com/hexplane/hexplane/services/rsclient/wire"
	"github.com/hexplane/hexplane/services/rssync/usecase"
	rssync "github.com/hexplane/hexplane/services/rssync/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	isp  = "isp-1"
	soon = time.Minute
	tick = 10 * time.Millisecond
)

// house is the four services over one bus, with the backend they write to.
type house struct {
	t       *testing.T
	events  *eventbus.Producer
	backend *hsadmintest.Backend
	gate    *gate
	base    *servicetest.House

	client, agents, sync, adaptor *servicetest.Running
}

func newHouse(t *testing.T) *house {
	h := &house{t: t, base: servicetest.New(t), backend: hsadmintest.New(hsadmintest.Options{})}
	h.gate = newGate(http.StripPrefix("/"+isp, h.backend))
	server, err := hsadmintest.Serve(h.gate)
	require.NoError(t, err)
	t.Cleanup(func() { h.gate.open(); server.Close() })
	credentials, err := server.WriteClient(t.TempDir(), "rsadaptor")
	require.NoError(t, err)

	h.adaptor = h.run("rsadaptor", func(ctx context.Context, p *service.Platform) (*service.Service, error) {
		return rsadaptor.New(ctx, p, rsadaptor.Config{
			URL: server.URL + "/{isp_id}", CA: credentials.CAFile,
			ClientCert: credentials.CertFile, ClientKey: credentials.KeyFile,
		})
	})
	h.startClient()
	h.startAgents()
	h.startSync()
	h.events = h.base.Producer()
	return h
}

func (h *house) startClient() {
	h.client = h.run("rsclient", func(ctx context.Context, p *service.Platform) (*service.Service, error) {
		return rsclient.New(ctx, p, rsclient.Config{BulkSize: 2})
	})
}

func (h *house) startAgents() {
	h.agents = h.run("rsagents", func(ctx context.Context, p *service.Platform) (*service.Service, error) {
		return rsagents.New(ctx, p, rsagents.Config{RSClientURL: h.client.URL, BulkSize: 2})
	})
}

func (h *house) startSync() {
	h.sync = h.run("rssync", func(ctx context.Context, p *service.Platform) (*service.Service, error) {
		return rssync.New(ctx, p, rssync.Config{RSClientURL: h.client.URL, RSAgentsURL: h.agents.URL})
	})
}

func (h *house) run(name string, wire func(context.Context, *service.Platform) (*service.Service, error)) *servicetest.Running {
	svc, err := wire(h.t.Context(), h.base.Platform(name))
	require.NoError(h.t, err)
	return h.base.Run(svc)
}

// tell publishes an event of the accounts service.
func (h *house) tell(eventType, accountID string, payload any) {
	h.t.Helper()
	msg, err := eventbus.NewMessage(rsevent.TopicProvision, eventType, accountID, payload)
	require.NoError(h.t, err)
	require.NoError(h.t, h.events.Publish(h.t.Context(), msg))
}

// call makes a REST call and returns the answer's header and body.
func (h *house) call(want int, base, target, body string) (http.Header, string) {
	h.t.Helper()
	method, path, _ := strings.Cut(target, " ")
	req, err := http.NewRequestWithContext(h.t.Context(), method, base+path, strings.NewReader(body))
	require.NoError(h.t, err)
	req.Header.Set(httpapi.ISPHeader, isp)
	res, err := http.DefaultClient.Do(req)
	require.NoError(h.t, err)
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	require.NoError(h.t, err)
	require.Equal(h.t, want, res.StatusCode, "%s: %s", target, text)
	return res.Header, string(text)
}

// startJob starts a full sync and returns its path.
func (h *house) startJob() string {
	h.t.Helper()
	header, _ := h.call(http.StatusNoContent, h.sync.URL, "POST /subsystems/rs/full-sync", "")
	return header.Get("Location")
}

func (h *house) job(path string) usecase.View {
	h.t.Helper()
	_, body := h.call(http.StatusOK, h.sync.URL, "GET "+path, "")
	var view usecase.View
	require.NoError(h.t, json.Unmarshal([]byte(body), &view))
	return view
}

// ended waits for a job's end.
func (h *house) ended(path string) usecase.View {
	h.t.Helper()
	var view usecase.View
	require.Eventually(h.t, func() bool {
		view = h.job(path)
		return view.State.Final()
	}, soon, tick, "job does not end: %+v", &view)
	return view
}

// holds waits until the backend holds just these documents of a kind.
func (h *house) holds(kind string, ids ...string) {
	h.t.Helper()
	require.Eventually(h.t, func() bool {
		held := h.backend.State()[kind]
		for _, id := range ids {
			if _, ok := held[id]; !ok {
				return false
			}
		}
		return len(held) == len(ids)
	}, soon, tick, "%s are not %v", kind, ids)
}

// field waits until a document's field, named by a dotted path, has a value.
func (h *house) field(kind, id, path string, want any) {
	h.t.Helper()
	require.Eventually(h.t, func() bool {
		raw, ok := h.backend.Document(kind, id)
		var value any
		if !ok || json.Unmarshal(raw, &value) != nil {
			return false
		}
		for name := range strings.SplitSeq(path, ".") {
			object, _ := value.(map[string]any)
			value = object[name]
		}
		return fmt.Sprint(value) == fmt.Sprint(want)
	}, soon, tick, "%s/%s: %s is not %v", kind, id, path, want)
}

func account(n int) rsevent.Account {
	return rsevent.Account{
		AccountID: fmt.Sprintf("a%d", n), ISPID: isp, Name: "Household", Status: rsevent.AccountActive,
		Products: []string{rsevent.ProductRouterSecure},
	}
}

func device(n, m int) rsevent.Device {
	return rsevent.Device{
		DeviceID: fmt.Sprintf("d%d-%d", n, m), AccountID: fmt.Sprintf("a%d", n), ISPID: isp,
		Kind: rsevent.KindDevice, Name: "Phone", MAC: fmt.Sprintf("a4:83:e7:00:%02x:%02x", n, m),
	}
}

func router(n int) rsevent.Device {
	return rsevent.Device{
		DeviceID: fmt.Sprintf("r%d", n), AccountID: fmt.Sprintf("a%d", n), ISPID: isp,
		Kind: rsevent.KindRouter, Name: "Router", MAC: fmt.Sprintf("a4:83:e7:01:%02x:00", n),
		Agent: &rsevent.Agent{Target: "mips"}, FeatureFlags: map[string]bool{"dns": true},
	}
}

const pkg = `{"agent_package_id":"%s","target":"mips","version":"1.2.3","url":"https://isp.example/agent.bin",` +
	`"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":17,"default":%t}`
