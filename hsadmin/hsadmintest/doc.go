// Package hsadmintest is an HS Admin backend in-process, for tests of whatever
// calls one and for running without the real thing.
//
// [Backend] is an [http.Handler]. It checks every document as strictly as
// rsmodels does, keeps it in canonical form and answers as the interface says:
// X-Request-Id on every answer, {code, message, fields} on every refusal, an
// Idempotency-Key honored on POST, a client certificate asked for when told to.
//
//	backend := hsadmintest.New(hsadmintest.Options{RequireClientCertificate: true})
//	server, err := hsadmintest.Serve(backend)           // HTTPS on loopback
//	defer server.Close()
//	credentials, err := server.WriteClient(t.TempDir(), "rsadaptor")
//	client, err := hsadmin.New(hsadmin.Config{BaseURL: server.URL, Credentials: credentials})
//	...
//	raw, ok := backend.Document("devices", "dev-1")     // what it holds now
//	all := backend.State()                              // by kind and id
//	calls := backend.Calls()                            // what it was asked
//	backend.Wipe()
//
// # When things go wrong
//
// Faults come by rule: answers of any status, latency, hangs, resets, bodies cut
// short, before or after the request took effect; a token bucket throttles.
//
//	backend.Inject(hsadmintest.Rule{Probability: 0.05, Fault: hsadmintest.Fault{Reset: true}})
//	backend.Throttle(100, 10)
//	backend.Expect(t, "PUT /devices/{device_id}")       // any other call fails the test
//
// Everything here is safe for concurrent use. State lives in memory; a program that
// wants it to outlive the process keeps what Options.Changed tells and restores it.
// The package needs no testing library, so programs may embed it.
package hsadmintest
