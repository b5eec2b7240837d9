package service_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/service"
)

func config(t *testing.T) service.Config {
	t.Helper()
	var cfg service.Config
	require.NoError(t, service.Parse(&cfg, map[string]string{"DATA_DIR": t.TempDir(), "LOG_FORMAT": "json"}))
	return cfg
}

const traceID = "4bf92f3577b34da6a3ce929d0e0e4736"

type note struct {
	Text string `json:"text"`
}

// pair wires two services: writer stores notes over REST, reader consumes them.
func pair(t *testing.T, host *service.Host, l net.Listener, got chan<- string) []*service.Service {
	t.Helper()
	writer, err := host.Platform(t.Context(), "writer")
	require.NoError(t, err)
	reader, err := host.Platform(t.Context(), "reader")
	require.NoError(t, err)
	notes := docstore.NewCollection[note](writer.Docs, "notes")
	mux := eventbus.NewMux()
	require.NoError(t, eventbus.Handle(mux, "Noted", func(_ context.Context, ev eventbus.Event[note]) error {
		assert.Contains(t, ev.TraceID["traceparent"], traceID, "the trace of the request goes on")
		got <- ev.Data.Text
		return nil
	}))
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		n := note{Text: string(body)}
		msg, err := eventbus.NewMessage("notes-topic", "Noted", "k", n)
		if err == nil {
			_, err = notes.Insert(r.Context(), n.Text, n, msg)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	return []*service.Service{
		{Platform: writer, Handler: handler, Listener: l},
		{Platform: reader, Consumers: []service.Consumer{{
			Group: "reader", Registries: []eventbus.Registry{{Topic: "notes-topic", Callback: mux}},
		}}},
	}
}

func post(t *testing.T, l net.Listener, text string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+l.Addr().String(), bytes.NewBufferString(text))
	require.NoError(t, err)
	req.Close = true
	req.Header.Set("Traceparent", "00-"+traceID+"-00f067aa0ba902b7-01")
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusOK, res.StatusCode)
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return l
}

func TestTwoServicesShareABrokerAndSurviveARestart(t *testing.T) {
	cfg := config(t)
	got := make(chan string, 10)
	session := func(text string) {
		host, err := service.NewHost("both", cfg, io.Discard)
		require.NoError(t, err)
		require.Error(t, host.Ready())
		l := listen(t)
		services := pair(t, host, l, got)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- host.Run(ctx, services...) }()
		require.Eventually(t, func() bool { return host.Ready() == nil }, time.Minute, time.Millisecond)
		post(t, l, text)
		assert.Equal(t, text, <-got)
		cancel()
		require.NoError(t, <-done)
		require.Error(t, host.Ready())
	}
	session("first")
	session("second")
	assert.Empty(t, got, "nothing came twice")
}

func TestDataFolderBelongsToOneProcess(t *testing.T) {
	cfg := config(t)
	host, err := service.NewHost("one", cfg, io.Discard)
	require.NoError(t, err)
	_, err = host.Platform(t.Context(), "svc")
	require.NoError(t, err)
	other, err := service.NewHost("two", cfg, io.Discard)
	require.NoError(t, err)
	_, err = other.Platform(t.Context(), "svc")
	require.ErrorIs(t, err, service.ErrInUse)
	require.NoError(t, other.Close(t.Context()))
	require.NoError(t, host.Close(t.Context()))
	require.NoError(t, host.Close(t.Context()), "twice is harmless")
}

func TestStopOrder(t *testing.T) {
	host, err := service.NewHost("h", config(t), io.Discard)
	require.NoError(t, err)
	p, err := host.Platform(t.Context(), "svc")
	require.NoError(t, err)
	var mu sync.Mutex
	var order []string
	say := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, what)
	}
	l, entered, stopped := listen(t), make(chan struct{}), make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	svc := &service.Service{
		Platform: p, Listener: l,
		Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			close(entered)
			<-ctx.Done() // the stop has begun; this request is in flight
			select {
			case <-stopped: // too early
			case <-time.After(100 * time.Millisecond): // enough for a loop that does not wait for us
			}
			say("request done")
		}),
		Loops: []service.Loop{{Name: "loop", Run: func(ctx context.Context) error {
			<-ctx.Done()
			say("loop stopped")
			close(stopped)
			return ctx.Err()
		}}},
	}
	done := make(chan error)
	go func() { done <- host.Run(ctx, svc) }()
	answered := make(chan struct{})
	go func() { post(t, l, "x"); close(answered) }()
	<-entered
	cancel()
	require.NoError(t, <-done)
	<-answered
	assert.Equal(t, []string{"request done", "loop stopped"}, order)
}

func TestAFailingPartStopsTheProcess(t *testing.T) {
	broken := errors.New("broken")
	host, err := service.NewHost("h", config(t), io.Discard)
	require.NoError(t, err)
	p, err := host.Platform(t.Context(), "svc")
	require.NoError(t, err)
	err = host.Run(t.Context(), &service.Service{
		Platform: p, Loops: []service.Loop{{Name: "heart", Run: func(context.Context) error { return broken }}},
	})
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "service svc: heart")
}

func TestAddressInUse(t *testing.T) {
	l := listen(t)
	defer func() { _ = l.Close() }()
	cfg := config(t)
	cfg.HTTPAddr = l.Addr().String()
	host, err := service.NewHost("h", cfg, io.Discard)
	require.NoError(t, err)
	p, err := host.Platform(t.Context(), "svc")
	require.NoError(t, err)
	err = host.Run(t.Context(), &service.Service{Platform: p, Handler: http.NotFoundHandler()})
	require.ErrorContains(t, err, "address already in use")
}
