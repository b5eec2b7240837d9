// Package hsadminprom counts and times the calls of an hsadmin client in
// Prometheus metrics:
//
//	hsadmin_attempts_total{operation, status}      status "none" when no answer came
//	hsadmin_attempt_duration_seconds{operation}
//	hsadmin_calls_total{operation, outcome}        outcome "ok" or "error"
//	hsadmin_call_duration_seconds{operation}       all attempts and waiting included
//
// Clients of several realms may share a registry: they share the metrics then.
//
//	hook, err := hsadminprom.New(registry)
//	client, err := hsadmin.New(hsadmin.Config{BaseURL: url, Hooks: []any{hook}})
package hsadminprom

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hexplane/hexplane/hsadmin"
)

// Hook is an [hsadmin.AttemptHook] and an [hsadmin.CallHook]. It is safe for
// concurrent use.
type Hook struct {
	attempts        *prometheus.CounterVec
	attemptDuration *prometheus.HistogramVec
	calls           *prometheus.CounterVec
	callDuration    *prometheus.HistogramVec
}

// New makes a hook whose metrics are registered, or found registered, with the
// registerer. The error says which metric clashes with another one.
func New(registerer prometheus.Registerer) (*Hook, error) {
	var errs []error
	hook := &Hook{
		attempts: register(registerer, &errs, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hsadmin_attempts_total", Help: "HTTP requests to HS Admin by operation and status.",
		}, []string{"operation", "status"})),
		attemptDuration: register(registerer, &errs, prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "hsadmin_attempt_duration_seconds", Help: "How long HTTP requests to HS Admin take.", Buckets: buckets(),
		}, []string{"operation"})),
		calls: register(registerer, &errs, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hsadmin_calls_total", Help: "Calls of HS Admin by operation and outcome.",
		}, []string{"operation", "outcome"})),
		callDuration: register(registerer, &errs, prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "hsadmin_call_duration_seconds", Help: "How long calls of HS Admin take with all attempts and waiting.", Buckets: buckets(),
		}, []string{"operation"})),
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("hsadminprom: %w", err)
	}
	return hook, nil
}

func buckets() []float64 { return prometheus.ExponentialBuckets(0.0005, 2.5, 12) }

func register[C prometheus.Collector](registerer prometheus.Registerer, errs *[]error, collector C) C {
	err := registerer.Register(collector)
	if known, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
		if same, ok := known.ExistingCollector.(C); ok {
			return same
		}
	}
	*errs = append(*errs, err)
	return collector
}

// AttemptStarted takes the time; ended counts the attempt.
func (h *Hook) AttemptStarted(ctx context.Context, a hsadmin.Attempt) (_ context.Context, ended func(status int, err error)) {
	start := time.Now()
	return ctx, func(status int, _ error) {
		label := "none"
		if status != 0 {
			label = strconv.Itoa(status)
		}
		h.attempts.WithLabelValues(a.Operation, label).Inc()
		h.attemptDuration.WithLabelValues(a.Operation).Observe(time.Since(start).Seconds())
	}
}

// CallEnded counts the call.
func (h *Hook) CallEnded(_ context.Context, c hsadmin.Call) {
	outcome := "ok"
	if c.Err != nil {
		outcome = "error"
	}
	h.calls.WithLabelValues(c.Operation, outcome).Inc()
	h.callDuration.WithLabelValues(c.Operation).Observe(c.Took.Seconds())
}
