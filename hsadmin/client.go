package hsadmin

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"
)

// Client calls the HS Admin interface of one realm. It is safe for concurrent
// use; one client per realm is enough for a process.
type Client struct {
	chain Requester
	hooks []CallHook
	log   *slog.Logger
	close func()
}

// New makes a client; [Client.Close] ends it. The error says what is wrong with
// the configuration or its files.
func New(cfg Config) (*Client, error) {
	cfg = cfg.withDefaults()
	base, err := cfg.baseURL()
	if err != nil {
		return nil, err
	}
	attemptHooks, callHooks, err := sortHooks(cfg.Hooks)
	if err != nil {
		return nil, err
	}
	client := &Client{hooks: callHooks, log: cfg.Log, close: func() {}}
	roundTripper := cfg.Transport
	if roundTripper == nil {
		pool, err := newPool(cfg.Credentials, cfg.MaxConnections, cfg.Log)
		if err != nil {
			return nil, err
		}
		roundTripper, client.close = pool, pool.Close
	}
	client.chain = chain(cfg, attemptHooks, &transport{base: *base, client: roundTripper})
	return client, nil
}

// chain puts the decorators around the transport, outermost first. The order
// matters: a key must outlive the attempts, the deadline covers all of them, and
// what follows the retry is done for each attempt anew.
func chain(cfg Config, hooks []AttemptHook, send Requester) Requester {
	return decorate(send,
		idempotencyKey,
		overallDeadline(cfg.Timeout),
		retry(cfg.Retry),
		rateLimit(cfg.RateLimit, cfg.RateBurst),
		circuitBreaker(cfg.Breaker),
		attemptTimeout(cfg.AttemptTimeout),
		observe(hooks),
		logAttempts(cfg.Log),
		decodeErrors,
	)
}

// decorator puts something around a requester.
type decorator func(next Requester) Requester

// decorate puts the first decorator outermost.
func decorate(send Requester, decorators ...decorator) Requester {
	for _, around := range slices.Backward(decorators) {
		send = around(send)
	}
	return send
}

// Send makes one call, whatever it is.
func (c *Client) Send(ctx context.Context, req Request) (*Response, error) { return c.Do(ctx, &req) }

// Do makes one call, whatever it is; it makes the client a [Requester]. All other
// operations end here.
func (c *Client) Do(ctx context.Context, request *Request) (*Response, error) {
	if err := request.check(); err != nil {
		return nil, err
	}
	note := &trail{}
	req := *request
	req.trail = note
	start := time.Now()
	resp, err := c.chain.Do(ctx, &req)
	took := time.Since(start)
	if failure, ok := errors.AsType[*Error](err); ok {
		failure.Attempts = note.attempt
	}
	if resp != nil {
		resp.Attempts = note.attempt
	}
	c.report(ctx, &req, note.attempt, took, resp, err)
	return resp, err
}

// report tells the hooks and the log how a call ended.
func (c *Client) report(ctx context.Context, req *Request, attempts int, took time.Duration, resp *Response, err error) {
	for _, hook := range c.hooks {
		hook.CallEnded(ctx, Call{Operation: req.operation(), Attempts: attempts, Took: took, Status: statusOf(resp, err), Err: err})
	}
	level := slog.LevelWarn
	if err == nil || errors.Is(err, ErrNotFound) || errors.Is(err, ErrConflict) {
		level = slog.LevelDebug
	}
	if !c.log.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("operation", req.operation()), slog.String("path", req.Path),
		slog.Int("attempts", attempts), slog.Duration("took", took), slog.Int("status", statusOf(resp, err)),
	}
	if resp != nil {
		attrs = append(attrs, slog.String("request_id", resp.RequestID))
	}
	if err != nil {
		attrs = append(attrs, slog.Any("error", err))
	}
	c.log.LogAttrs(ctx, level, "HS Admin call", attrs...)
}

// Close closes the client's idle connections, and those in use once their calls
// have ended. It does not end calls. It may be called more than once.
func (c *Client) Close() { c.close() }

func statusOf(resp *Response, err error) int {
	if resp != nil {
		return resp.Status
	}
	if failure, ok := errors.AsType[*Error](err); ok {
		return failure.Status
	}
	return 0
}
