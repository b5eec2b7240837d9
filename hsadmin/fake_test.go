package hsadmin_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/hsadmin"
)

// fakeTransport answers in memory, so that tests may run on a fake clock.
type fakeTransport struct {
	answer func(n int, req *http.Request) (*http.Response, error)

	mu   sync.Mutex
	seen []*http.Request
}

func (f *fakeTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	f.mu.Lock()
	f.seen = append(f.seen, req)
	n := len(f.seen)
	f.mu.Unlock()
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	return f.answer(n, req)
}

func (f *fakeTransport) requests() []*http.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen
}

func status(code int, header ...string) (*http.Response, error) {
	resp := &http.Response{StatusCode: code, Header: http.Header{"X-Request-Id": {"hs-1"}}, Body: http.NoBody}
	for i := 0; i+1 < len(header); i += 2 {
		resp.Header.Set(header[i], header[i+1])
	}
	return resp, nil
}

func body(code int, text string) (*http.Response, error) {
	return &http.Response{StatusCode: code, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text))}, nil
}

// always answers every request alike.
func always(code int, header ...string) func(int, *http.Request) (*http.Response, error) {
	return func(int, *http.Request) (*http.Response, error) { return status(code, header...) }
}

// inTurn gives one answer after the other, and the last for ever.
func inTurn(codes ...int) func(int, *http.Request) (*http.Response, error) {
	return func(n int, _ *http.Request) (*http.Response, error) { return status(codes[min(n, len(codes))-1]) }
}

// hang answers nothing until the request's context ends.
func hang(_ int, req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
}

func fakeClient(t testing.TB, fake *fakeTransport, cfg hsadmin.Config) *hsadmin.Client {
	t.Helper()
	cfg.BaseURL, cfg.Transport = "https://hs.example/isp-1", fake
	client, err := hsadmin.New(cfg)
	require.NoError(t, err)
	return client
}

func put(ctx context.Context, client *hsadmin.Client) error {
	_, err := client.Send(ctx, hsadmin.Request{Method: http.MethodPut, Path: "/devices/dev-1", Operation: "PUT /devices/{device_id}", Body: `{}`})
	return err
}

func attemptsOf(t testing.TB, err error) int {
	t.Helper()
	var failure *hsadmin.Error
	require.ErrorAs(t, err, &failure)
	return failure.Attempts
}

const virtualTolerance = time.Millisecond
