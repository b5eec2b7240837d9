package eventbus

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"
)

// Close stops fetching, finishes what is in flight, commits, and leaves the
// group. When ctx ends first, the contexts of handlers still running are
// canceled, what they handle is not committed, and Close returns the context's
// error, a second later when a handler does not heed its context; that one is left
// behind. Calling it again waits for the first call and returns the same. A callback
// that closes its own consumer waits for itself, until ctx ends.
func (c *Consumer) Close(ctx context.Context) error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		if err := await(ctx, c.closing); err != nil {
			return err
		}
		return c.closeErr
	}
	c.closed = true
	regs := c.regs
	maps.Copy(regs, c.leaving)
	c.regs = nil
	c.mu.Unlock()
	defer close(c.closing)
	defer context.AfterFunc(ctx, func() { c.cutting(context.Cause(ctx)) })()
	c.closeErr = errors.Join(stopAll(ctx, regs), c.disconnect(ctx))
	return c.closeErr
}

// disconnect closes the connections; when ctx ends, it gives them a moment more.
func (c *Consumer) disconnect(ctx context.Context) error {
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		err = errors.Join(c.sub.Close(), c.closeOutbound())
	}()
	late := await(ctx, done)
	if late != nil {
		select {
		case <-done:
		case <-time.After(forcedGrace):
			return late
		}
	}
	return err
}

// await waits for something to end.
func await(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	select {
	case <-done:
		return nil
	default:
		return fmt.Errorf("eventbus: close cut short: %w", context.Cause(ctx))
	}
}

func stopAll(ctx context.Context, regs map[string]*registration) error {
	errs := make(chan error, len(regs))
	for _, reg := range regs {
		go func() { errs <- reg.stop(ctx) }()
	}
	var all []error
	for range regs {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}
