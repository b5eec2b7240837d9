package fabric

import (
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"time"
)

// ErrConfig says that a configuration cannot be used; the text names the field.
var ErrConfig = errors.New("fabric: bad configuration")

// Takeover says what to do about a namespace that exists, has the name of a
// project's namespace, and does not carry the fabric's label.
type Takeover string

// The takeover policies. A namespace that carries another project's label is
// never taken over.
const (
	// TakeoverRefuse leaves it alone and reports the project as degraded.
	TakeoverRefuse Takeover = "refuse"
	// TakeoverAdopt labels it and treats it as the project's own from then on,
	// its removal with the project included.
	TakeoverAdopt Takeover = "adopt"
)

// Config configures a [Daemon]. ClusterID is required; every other zero value
// means its default.
type Config struct {
	// ClusterID names this cluster to management: a DNS label.
	ClusterID string
	// Version and Labels are what heartbeats say of this daemon and cluster.
	Version string
	Labels  map[string]string
	// Baseline is what each namespace is given. Default: labels only; see
	// DefaultBaseline.
	Baseline Baseline
	// Takeover is the policy for foreign namespaces. Default: TakeoverRefuse.
	Takeover Takeover
	// RecordsNamespace holds the daemon's records. Default: "demeter-system".
	RecordsNamespace string
	// Reserved are namespaces never touched, beside RecordsNamespace; a
	// trailing * matches any rest. Default: "kube-*", "default".
	Reserved []string
	// Heartbeat is the time between heartbeats. Default: 10 s.
	Heartbeat time.Duration
	// Recheck is the time after which what is degraded or waits for a removal
	// is looked at again, though no watch told of a change. Default: 30 s.
	Recheck time.Duration
	// Backoff is the pause after the first failed repair, watch or reading of
	// the records; it doubles after each further one, up to MaxBackoff. How
	// events are tried again is the bus's matter. Defaults: 200 ms and 15 s.
	Backoff, MaxBackoff time.Duration
	// Repairers is how many projects are repaired at the same time. Default: 4.
	Repairers int
	// Forget is how long the record of a removed project or port is kept, so
	// that an old event is not taken for a new one. It should be longer than
	// the topic's retention. Default: 30 days.
	Forget time.Duration
	// Lag tells how many events wait to be handled, for heartbeats. Default: 0.
	Lag func() int64
	// Now is the clock that reports and records are stamped with. Default: time.Now.
	Now func() time.Time
	// Logger defaults to slog.Default().
	Logger *slog.Logger
}

var clusterIDForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func (c Config) withDefaults() (Config, error) {
	if !clusterIDForm.MatchString(c.ClusterID) {
		return c, fmt.Errorf("%w: ClusterID %q is no DNS label", ErrConfig, c.ClusterID)
	}
	c.Takeover = orDefault(c.Takeover, TakeoverRefuse)
	if c.Takeover != TakeoverRefuse && c.Takeover != TakeoverAdopt {
		return c, fmt.Errorf("%w: Takeover %q", ErrConfig, c.Takeover)
	}
	baseline, err := c.Baseline.canonical()
	if err != nil {
		return c, err
	}
	c.Baseline = baseline
	c.RecordsNamespace = orDefault(c.RecordsNamespace, "demeter-system")
	if c.Reserved == nil {
		c.Reserved = []string{"kube-*", "default"}
	}
	c.Heartbeat = orDefault(c.Heartbeat, 10*time.Second)
	c.Recheck = orDefault(c.Recheck, 30*time.Second)
	c.Backoff = orDefault(c.Backoff, 200*time.Millisecond)
	c.MaxBackoff = orDefault(c.MaxBackoff, 15*time.Second)
	c.Repairers = orDefault(c.Repairers, 4)
	c.Forget = orDefault(c.Forget, 30*24*time.Hour)
	c.Logger = orDefault(c.Logger, slog.Default())
	if c.Lag == nil {
		c.Lag = func() int64 { return 0 }
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, nil
}

func orDefault[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

// reserved tells whether a namespace is none of the fabric's business.
func (c Config) reserved(namespace string) bool {
	for _, name := range append([]string{c.RecordsNamespace}, c.Reserved...) {
		if prefix, wild := strings.CutSuffix(name, "*"); wild && strings.HasPrefix(namespace, prefix) || name == namespace {
			return true
		}
	}
	return false
}

// pause returns the time to wait after the n-th failed attempt, n from 1.
func (c Config) pause(n int) time.Duration {
	d := c.Backoff
	for range n - 1 {
		if d *= 2; d >= c.MaxBackoff {
			break
		}
	}
	return min(d, c.MaxBackoff)
}
