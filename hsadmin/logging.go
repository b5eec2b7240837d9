package hsadmin

import (
	"context"
	"log/slog"
	"time"
)

// logAttempts writes one debug line per attempt: what was called and how it
// ended, never a body, a header or a query.
func logAttempts(log *slog.Logger) decorator {
	return func(next Requester) Requester {
		return RequesterFunc(func(ctx context.Context, req *Request) (*Response, error) {
			if !log.Enabled(ctx, slog.LevelDebug) {
				return next.Do(ctx, req)
			}
			start := time.Now()
			resp, err := next.Do(ctx, req)
			attrs := []slog.Attr{
				slog.String("operation", req.operation()), slog.String("path", req.Path), slog.Int("bytes", len(req.Body)),
				slog.Int("attempt", req.trail.attempt), slog.Duration("took", time.Since(start)), slog.Int("status", statusOf(resp, err)),
			}
			if err != nil {
				attrs = append(attrs, slog.Any("error", err))
			}
			log.LogAttrs(ctx, slog.LevelDebug, "HS Admin attempt", attrs...)
			return resp, err
		})
	}
}
