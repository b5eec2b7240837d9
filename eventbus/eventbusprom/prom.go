// Package eventbusprom counts and times what an eventbus does in Prometheus
// metrics:
//
//	eventbus_published_total{topic, event_type, outcome}       outcome "ok" or "error"
//	eventbus_consumed_total{topic, group, event_type}          handled, or a dead letter: once per message
//	eventbus_failed_total{topic, group, event_type}            failed attempts
//	eventbus_retried_total{topic, group, event_type}           put off to a retry topic
//	eventbus_dead_lettered_total{topic, group, event_type, reason}
//	eventbus_ignored_total{topic, group}                       no callback wants the type
//	eventbus_in_flight{topic, group}
//	eventbus_handler_seconds{topic, group, event_type}         with immediate retries
//	eventbus_paused{topic, group}                              1 while its downstream is out
//	eventbus_consumer_lag{topic, group}                        of consumers given to NewLag
//
//	observer, err := eventbusprom.New(registry)
//	factory := eventbus.NewFactory(transport, eventbus.FactoryConfig{Observer: observer})
//
// Event types come from messages: whoever may publish can add label values.
package eventbusprom

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hexplane/hexplane/eventbus"
)

// Observer implements eventbus.Observer. It is safe for concurrent use.
type Observer struct {
	published, consumed, failed, retried, deadLettered, ignored *prometheus.CounterVec
	inFlight, paused                                            *prometheus.GaugeVec
	seconds                                                     *prometheus.HistogramVec
}

// New makes an observer whose metrics are registered, or found registered, with
// the registerer. The error says which metric clashes with another one.
func New(registerer prometheus.Registerer) (*Observer, error) {
	var errs []error
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return register(registerer, &errs, prometheus.NewCounterVec(
			prometheus.CounterOpts{Name: "eventbus_" + name, Help: help}, labels))
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return register(registerer, &errs, prometheus.NewGaugeVec(
			prometheus.GaugeOpts{Name: "eventbus_" + name, Help: help}, labels))
	}
	o := &Observer{
		published:    counter("published_total", "Messages published.", "topic", "event_type", "outcome"),
		consumed:     counter("consumed_total", "Messages handled to an end.", "topic", "group", "event_type"),
		failed:       counter("failed_total", "Attempts that failed.", "topic", "group", "event_type"),
		retried:      counter("retried_total", "Messages put off to a retry topic.", "topic", "group", "event_type"),
		deadLettered: counter("dead_lettered_total", "Messages given up.", "topic", "group", "event_type", "reason"),
		ignored:      counter("ignored_total", "Messages of an event type that no callback wants.", "topic", "group"),
		inFlight:     gauge("in_flight", "Messages being handled.", "topic", "group"),
		paused:       gauge("paused", "1 while the downstream of a topic is out.", "topic", "group"),
		seconds: register(registerer, &errs, prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "eventbus_handler_seconds", Help: "How long messages are handled, immediate retries included.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2.5, 14),
		}, []string{"topic", "group", "event_type"})),
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("eventbusprom: %w", err)
	}
	return o, nil
}

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

// Observe implements eventbus.Observer.
func (o *Observer) Observe(e eventbus.Observation) {
	switch e.Kind {
	case eventbus.Published:
		outcome := "ok"
		if e.Err != nil {
			outcome = "error"
		}
		o.published.WithLabelValues(e.Topic, e.EventType, outcome).Inc()
	case eventbus.Started:
		o.inFlight.WithLabelValues(e.Topic, e.Group).Inc()
	case eventbus.Finished:
		o.inFlight.WithLabelValues(e.Topic, e.Group).Dec()
		if e.Err == nil {
			o.consumed.WithLabelValues(e.Topic, e.Group, e.EventType).Inc()
		}
		o.seconds.WithLabelValues(e.Topic, e.Group, e.EventType).Observe(e.Duration.Seconds())
	case eventbus.Failed:
		o.failed.WithLabelValues(e.Topic, e.Group, e.EventType).Inc()
	case eventbus.Retried:
		o.retried.WithLabelValues(e.Topic, e.Group, e.EventType).Inc()
	case eventbus.DeadLettered:
		o.deadLettered.WithLabelValues(e.Topic, e.Group, e.EventType, e.Reason).Inc()
	case eventbus.Ignored:
		o.ignored.WithLabelValues(e.Topic, e.Group).Inc()
	case eventbus.Paused:
		o.paused.WithLabelValues(e.Topic, e.Group).Set(1)
	case eventbus.Resumed:
		o.paused.WithLabelValues(e.Topic, e.Group).Set(0)
	}
}
