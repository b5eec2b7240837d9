package management

import (
	"log/slog"
	"time"
)

// Config sets the limits of a [Service]. Zero fields take their defaults.
type Config struct {
	// ProjectsPerAccount and PortsPerProject are quotas; defaults 100 and 100.
	// A deleted project counts until it is gone.
	ProjectsPerAccount int
	PortsPerProject    int
	// RestoreWindow is how long a deleted project can be restored before its
	// namespaces are removed; default 72 hours.
	RestoreWindow time.Duration
	// BreakerDeletes is how many projects may be deleted within BreakerWindow,
	// in one account and in ten times that number over all; defaults 20 and
	// 10 minutes. An operator can force a deletion through the breaker.
	BreakerDeletes int
	BreakerWindow  time.Duration
	// SilenceDeadline is how long a cluster may say nothing final about a change
	// before its state becomes degraded; default 2 minutes. It is also how old a
	// heartbeat may be.
	SilenceDeadline time.Duration
	// KeyRetention is how long an idempotency key is remembered; default 24 hours.
	KeyRetention time.Duration
	// SweepEvery is the period of the background work, default 1 second, and
	// WatchEvery how often a watch looks for changes made elsewhere, default
	// 1 second.
	SweepEvery time.Duration
	WatchEvery time.Duration
	// Now is the clock, default time.Now.
	Now func() time.Time
	// Logger, default slog.Default.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	setDefault(&c.ProjectsPerAccount, 100)
	setDefault(&c.PortsPerProject, 100)
	setDefault(&c.RestoreWindow, 72*time.Hour)
	setDefault(&c.BreakerDeletes, 20)
	setDefault(&c.BreakerWindow, 10*time.Minute)
	setDefault(&c.SilenceDeadline, 2*time.Minute)
	setDefault(&c.KeyRetention, 24*time.Hour)
	setDefault(&c.SweepEvery, time.Second)
	setDefault(&c.WatchEvery, time.Second)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

func setDefault[T int | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}
