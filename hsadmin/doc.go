// Package hsadmin is a client of the HomeSecure (HS) Admin interface: JSON over
// HTTPS with a client certificate.
//
//	client, err := hsadmin.New(hsadmin.Config{
//		BaseURL: "https://hs.example/isp-1",
//		Credentials: hsadmin.Credentials{CertFile: "client.crt", KeyFile: "client.key", CAFile: "ca.crt"},
//	})
//	...
//	defer client.Close()
//	err = client.PutDevice(ctx, doc)
//	if errors.Is(err, hsadmin.ErrInvalid) { ... }
//
// # What a call goes through
//
// Every call passes the same decorators, each a [Requester] around the next, in
// this order: idempotency key, overall deadline, retry with a budget; then for
// each attempt: rate limit, circuit breaker, attempt timeout, hooks for traces
// and metrics, log, error decoding, transport.
//
// [Client.Send] makes any call, the typed operations the known ones, and a
// [BatchClient] many: it streams requests and their outcomes with a concurrency
// that follows what the backend bears.
//
//	for outcome := range hsadmin.NewBatchClient(client, hsadmin.BatchConfig{}).Stream(ctx, hsadmin.Puts(docs)) {
//		log.Print(outcome.Index, " ", outcome.State, " ", outcome.Err)
//	}
//
// Traces and metrics come as hooks: see the packages hsadminotel and hsadminprom.
// The package hsadmintest is a backend to test against.
//
// # Guarantees
//
//   - A call ends in a response or an error, no later than its context and
//     Config.Timeout say; every wait ends with the context.
//   - Only what may be repeated is repeated: a POST carries an idempotency key
//     that its attempts share. All retries of a client stay within one budget,
//     and a Retry-After is obeyed up to a cap.
//   - Changed credential files are taken over without failing a call, and the
//     connections of the old identity are closed.
//   - Neither logs, hooks nor errors carry a body or a credential.
//   - Everything here is safe for concurrent use.
package hsadmin
