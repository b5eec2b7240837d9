package eventbusprom

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// lagTimeout bounds the question to the broker that a scrape asks.
const lagTimeout = 5 * time.Second

// LagSource is a consumer that knows its lag, as *eventbus.Consumer does.
type LagSource interface {
	Lag(ctx context.Context) (map[string]int64, error)
}

// Lag is a collector of one consumer's lag, asked for at each scrape.
type Lag struct {
	source LagSource
	desc   *prometheus.Desc
}

// NewLag returns a collector of the lag of a group's consumer, to be registered
// by the caller, and unregistered when the consumer closes.
func NewLag(source LagSource, group string) *Lag {
	return &Lag{source: source, desc: prometheus.NewDesc("eventbus_consumer_lag",
		"Messages of a topic that the group has not committed.", []string{"topic"}, prometheus.Labels{"group": group})}
}

// Describe implements prometheus.Collector.
func (l *Lag) Describe(descs chan<- *prometheus.Desc) { descs <- l.desc }

// Collect implements prometheus.Collector; when the broker does not answer, the
// scrape says so.
func (l *Lag) Collect(metrics chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), lagTimeout)
	defer cancel()
	lag, err := l.source.Lag(ctx)
	if err != nil {
		metrics <- prometheus.NewInvalidMetric(l.desc, err)
		return
	}
	for topic, n := range lag {
		metrics <- prometheus.MustNewConstMetric(l.desc, prometheus.GaugeValue, float64(n), topic)
	}
}
