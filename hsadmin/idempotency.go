package hsadmin

import (
	"context"
	"crypto/rand"
	"net/http"
)

// idempotencyKey gives every POST a key, which its attempts then share. The
// backend answers a repeated key as it answered the first time.
func idempotencyKey(next Requester) Requester {
	return RequesterFunc(func(ctx context.Context, req *Request) (*Response, error) {
		if req.Method == http.MethodPost && req.IdempotencyKey == "" {
			keyed := *req
			keyed.IdempotencyKey = rand.Text()
			req = &keyed
		}
		return next.Do(ctx, req)
	})
}
