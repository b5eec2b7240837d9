// Package asynctaskprom counts what an asynctask.Manager does, for Prometheus.
//
//	metrics, err := asynctaskprom.New(registry)
//	...
//	asynctask.Config{Observer: metrics}
//
// Labels are the task's type and step, which definitions bound in number; ids
// are never labels.
package asynctaskprom

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hexplane/hexplane/asynctask"
)

// Metrics implements asynctask.Observer. It is safe for concurrent use.
type Metrics struct {
	started, published, replies, timeouts, discarded, refused, swept, failures *prometheus.CounterVec
	taskSeconds, replySeconds                                                  *prometheus.HistogramVec
	sweepSeconds                                                               prometheus.Histogram
	unfinished, open                                                           *prometheus.GaugeVec
}

// New returns metrics that are registered with reg, or reg's error.
func New(reg prometheus.Registerer) (*Metrics, error) {
	step := []string{"type", "step"}
	m := &Metrics{
		started:   counter("tasks_started_total", "Tasks stored by Start.", "type"),
		published: counter("requests_published_total", "Requests published, repeats included.", step...),
		replies:   counter("replies_total", "Replies that closed a request.", "type", "step", "status"),
		timeouts:  counter("request_timeouts_total", "Requests not answered in time, each attempt counts.", step...),
		discarded: counter("replies_discarded_total", "Replies discarded: duplicate, late or unknown.", "reason"),
		refused:   counter("refused_total", "Requests, and replies to tasks' requesters, that the bus would never take.", "what", "type", "step"),
		swept:     counter("swept_total", "Due tasks and requests taken up.", []string{}...),
		failures:  counter("errors_total", "Failures that will be tried again.", step...),
		taskSeconds: histogram("task_seconds", "From a task's start to its end.",
			prometheus.ExponentialBuckets(0.1, 4, 10), "type", "state"),
		replySeconds: histogram("reply_seconds", "From a request's last publish to its reply.",
			prometheus.ExponentialBuckets(0.001, 4, 10), step...),
		sweepSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "asynctask", Name: "sweep_seconds", Help: "Time to claim due work.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 4, 10),
		}),
		unfinished: gauge("unfinished_tasks", "Tasks not finished, in the whole store; known is false for those left to other binaries.", "type", "step", "known"),
		open:       gauge("open_requests", "Open requests of unfinished tasks, in the whole store.", step...),
	}
	var errs []error
	for _, c := range []prometheus.Collector{
		m.started, m.published, m.replies, m.timeouts, m.discarded, m.refused, m.swept, m.failures,
		m.taskSeconds, m.replySeconds, m.sweepSeconds, m.unfinished, m.open,
	} {
		errs = append(errs, reg.Register(c))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("asynctaskprom: %w", err)
	}
	return m, nil
}

// Observe implements asynctask.Observer.
func (m *Metrics) Observe(o asynctask.Observation) {
	switch o.Kind {
	case asynctask.TaskStarted:
		m.started.WithLabelValues(o.Type).Inc()
	case asynctask.TaskEnded:
		m.taskSeconds.WithLabelValues(o.Type, string(o.State)).Observe(o.Duration.Seconds())
	case asynctask.RequestPublished:
		m.published.WithLabelValues(o.Type, o.Step).Inc()
	case asynctask.RequestReplied:
		m.replies.WithLabelValues(o.Type, o.Step, string(o.Status)).Inc()
		m.replySeconds.WithLabelValues(o.Type, o.Step).Observe(o.Duration.Seconds())
	case asynctask.RequestTimedOut:
		m.timeouts.WithLabelValues(o.Type, o.Step).Inc()
	case asynctask.ReplyDuplicate:
		m.discarded.WithLabelValues("duplicate").Inc()
	case asynctask.ReplyLate:
		m.discarded.WithLabelValues("late").Inc()
	case asynctask.ReplyUnknown:
		m.discarded.WithLabelValues("unknown").Inc()
	case asynctask.Swept:
		m.swept.WithLabelValues().Add(float64(o.Count))
		m.sweepSeconds.Observe(o.Duration.Seconds())
	case asynctask.StepUnfinished:
		m.unfinished.WithLabelValues(o.Type, o.Step, strconv.FormatBool(o.Known)).Set(float64(o.Count))
		m.open.WithLabelValues(o.Type, o.Step).Set(float64(o.Open))
	case asynctask.RequestRefused:
		m.refused.WithLabelValues("request", o.Type, o.Step).Inc()
	case asynctask.ReplyRefused:
		m.refused.WithLabelValues("reply", o.Type, o.Step).Inc()
	case asynctask.Erred:
		m.failures.WithLabelValues(o.Type, o.Step).Inc()
	}
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "asynctask", Name: name, Help: help}, labels)
}

func gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "asynctask", Name: name, Help: help}, labels)
}

func histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "asynctask", Name: name, Help: help, Buckets: buckets}, labels)
}
