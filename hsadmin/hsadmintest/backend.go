package hsadmintest

import (
	"crypto/x509"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/hexplane/hexplane/rsmodels"
)

// Options say how a [Backend] behaves. The zero value is a backend that lets
// everyone in.
type Options struct {
	// RequireClientCertificate answers 401 to a request whose connection has no
	// verified client certificate.
	RequireClientCertificate bool
	// Authorize, when set, answers 403 to client certificates for which it
	// returns an error.
	Authorize func(*x509.Certificate) error
	// CallLog is how many of the latest calls are kept. Default 10,000; negative
	// for none.
	CallLog int
	// Changed, when set, is called with each change of the documents, one after the
	// other and before the call that made it is answered. It must not call the
	// backend. A program that keeps the changes can give them to [Backend.Restore]
	// after a restart.
	Changed func(Change)
	// Seed makes the faults that are left to chance come the same way again.
	Seed uint64
	// Version is what GET /status says. Default "hsadmintest".
	Version string
}

// Backend is an HS Admin backend of one realm.
type Backend struct {
	options  Options
	routes   *http.ServeMux
	state    *state
	replays  *replays
	faults   *faults
	calls    *callLog
	expected expectation
	number   atomic.Int64
}

// New makes an empty backend.
func New(options Options) *Backend {
	if options.Version == "" {
		options.Version = "hsadmintest"
	}
	if options.CallLog == 0 {
		options.CallLog = 10_000
	}
	b := &Backend{
		options: options, state: newState(options.Changed), replays: newReplays(),
		faults: newFaults(options.Seed), calls: newCallLog(options.CallLog),
	}
	b.routes = b.newRoutes()
	return b
}

func (b *Backend) newRoutes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", b.status)
	mux.HandleFunc("POST /devices", b.create)
	b.resource(mux, rsmodels.KindDevices, "/devices/{device_id}", "device_id")
	b.resource(mux, rsmodels.KindRouters, "/routers/{router_id}", "router_id")
	b.resource(mux, rsmodels.KindAgentPackages, "/agent-packages/{agent_package_id}", "agent_package_id")
	mux.HandleFunc("PUT /routers/{router_id}/feature-flags", b.put(rsmodels.KindFeatureFlags, "router_id"))
	for _, id := range []string{
		rsmodels.SystemRouterDNSID, rsmodels.SystemRouterAllowedIPID, rsmodels.SystemGeneralID,
		rsmodels.SystemAgentVersionsID, rsmodels.SystemAgentDefaultID,
	} {
		mux.HandleFunc("PUT /system/"+id, b.putSystem(id))
	}
	mux.HandleFunc("/", notFound)
	return mux
}

func (b *Backend) resource(mux *http.ServeMux, kind, path, id string) {
	mux.HandleFunc("PUT "+path, b.put(kind, id))
	mux.HandleFunc("DELETE "+path, b.delete(kind, id))
}

// ServeHTTP answers one request.
func (b *Backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := Call{
		Time: time.Now(), Method: r.Method, Path: r.URL.Path,
		RequestID:      fmt.Sprintf("hs-%08d", b.number.Add(1)),
		IdempotencyKey: r.Header.Get("Idempotency-Key"),
	}
	if cert := clientCertificate(r); cert != nil {
		call.Client, call.Serial = cert.Subject.CommonName, cert.SerialNumber.String()
	}
	_, call.Operation = b.routes.Handler(r)
	w.Header().Set("X-Request-ID", call.RequestID)
	fault, faulty := b.faults.meet(r, call.Operation)
	call.Fault = fault.String()
	answer := &recorder{ResponseWriter: w}
	defer func() {
		call.Status = answer.status
		b.calls.add(call)
		b.expected.check(call)
	}()
	if faulty {
		fault.strike(answer, r, b.serve)
		return
	}
	b.serve(answer, r)
}

func (b *Backend) serve(w http.ResponseWriter, r *http.Request) {
	if status, code := b.refuses(r); status != 0 {
		refuse(w, status, code, "the client certificate is missing or not accepted")
		return
	}
	b.routes.ServeHTTP(w, r)
}

// refuses says with which status and code the client is turned away, if it is.
func (b *Backend) refuses(r *http.Request) (int, string) {
	cert := clientCertificate(r)
	if cert == nil {
		if b.options.RequireClientCertificate {
			return http.StatusUnauthorized, "certificate_required"
		}
		return 0, ""
	}
	if b.options.Authorize != nil && b.options.Authorize(cert) != nil {
		return http.StatusForbidden, "certificate_not_accepted"
	}
	return 0, ""
}

// clientCertificate is the verified certificate of the request's connection.
func clientCertificate(r *http.Request) *x509.Certificate {
	if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 {
		return nil
	}
	return r.TLS.PeerCertificates[0]
}

// recorder remembers the status that was answered.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the writer beneath.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
