package hsadmintest

import (
	"bytes"
	"io"
	"math"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/hexplane/hexplane/rsmodels"
)

// strike does what the fault says. serve answers the request as usual.
func (f Fault) strike(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) {
	r = readAhead(w, r)
	if f.Latency > 0 && !wait(r, f.Latency) {
		abort()
	}
	fatal := f.Hang || f.Reset || f.Truncate || f.Status != 0
	if !fatal {
		serve(w, r)
		return
	}
	if f.AfterEffect {
		serve(discard{header: http.Header{}}, r)
	}
	switch {
	case f.Hang:
		<-r.Context().Done()
		abort()
	case f.Reset:
		reset(w)
	case f.Truncate:
		truncate(w)
	default:
		f.refuse(w)
	}
}

// readAhead is the request with its body in memory: the server notices that the
// client goes away only once the body is read.
func readAhead(w http.ResponseWriter, r *http.Request) *http.Request {
	// What could not be read, the backend cannot read either.
	body, _ := io.ReadAll(http.MaxBytesReader(w, r.Body, rsmodels.MaxSystemDocumentSize+1))
	ahead := r.WithContext(r.Context())
	ahead.Body = io.NopCloser(bytes.NewReader(body))
	return ahead
}

func wait(r *http.Request, latency time.Duration) bool {
	timer := time.NewTimer(latency)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

func (f Fault) refuse(w http.ResponseWriter) {
	if f.Status == http.StatusTooManyRequests || f.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(f.RetryAfter.Seconds()))))
	}
	refuse(w, f.Status, "injected", "a fault was injected")
}

// reset cuts the connection with a TCP reset where it can, else with its end.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		abort()
	}
	under := conn
	if secure, ok := conn.(interface{ NetConn() net.Conn }); ok {
		under = secure.NetConn()
	}
	if tcp, ok := under.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = under.Close()
}

// truncate promises a body and cuts the connection in its middle.
func truncate(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "64")
	w.WriteHeader(http.StatusOK)
	_, _ = io.WriteString(w, `{"status":`)
	_ = http.NewResponseController(w).Flush()
	abort()
}

// abort ends a handler without an answer, in the way that the server provides.
// To return instead would answer 200, which a client that is just going away
// might still read.
func abort() { panic(http.ErrAbortHandler) }

// discard takes an answer that the client is not to see.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}
