package wire

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/hexplane/hexplane/fabric"
)

// collector exposes a daemon's figures.
type collector struct {
	daemon  *fabric.Daemon
	figures []figure
}

// figure is one metric and where it is found.
type figure struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(fabric.Stats) int64
}

func newCollector(daemon *fabric.Daemon, clusterID string) *collector {
	c := &collector{daemon: daemon}
	add := func(kind prometheus.ValueType, name, help string, value func(fabric.Stats) int64) {
		desc := prometheus.NewDesc("fabric_"+name, help, nil, prometheus.Labels{"cluster_id": clusterID})
		c.figures = append(c.figures, figure{desc, kind, value})
	}
	counter, gauge := prometheus.CounterValue, prometheus.GaugeValue
	add(counter, "events_applied_total", "Events applied and reported.", func(s fabric.Stats) int64 { return s.Applied })
	add(counter, "events_ignored_total", "Events older than what was applied.", func(s fabric.Stats) int64 { return s.Ignored })
	add(counter, "event_retries_total", "Failed attempts to apply an event.", func(s fabric.Stats) int64 { return s.Retries })
	add(counter, "refusals_total", "Reports of something neither ready nor gone.", func(s fabric.Stats) int64 { return s.Refused })
	add(counter, "repairs_total", "Projects put right without an event.", func(s fabric.Stats) int64 { return s.Repaired })
	add(counter, "cluster_writes_total", "Writes sent to the cluster.", func(s fabric.Stats) int64 { return s.Writes })
	add(gauge, "namespaces", "Projects placed in the cluster.", func(s fabric.Stats) int64 { return s.Namespaces })
	add(gauge, "ports", "Ports placed in the cluster.", func(s fabric.Stats) int64 { return s.Ports })
	add(gauge, "degraded", "Projects and ports that are not in place.", func(s fabric.Stats) int64 { return s.Degraded })
	return c
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, f := range c.figures {
		out <- f.desc
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	stats := c.daemon.Stats()
	for _, f := range c.figures {
		out <- prometheus.MustNewConstMetric(f.desc, f.kind, float64(f.value(stats)))
	}
}
