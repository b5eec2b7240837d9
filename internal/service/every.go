package service

import (
	"context"
	"log/slog"
	"time"
)

// Every returns a loop that runs a task at once and then at regular intervals.
// Failures are logged; the next run is the retry.
func Every(name string, interval time.Duration, log *slog.Logger, task func(context.Context) error) Loop {
	return Loop{Name: name, Run: func(ctx context.Context) error {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			if err := task(ctx); err != nil && ctx.Err() == nil {
				log.WarnContext(ctx, "regular task failed, will retry", "task", name, "error", err)
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-ticker.C:
			}
		}
	}}
}
