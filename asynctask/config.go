package asynctask

import (
	"log/slog"
	"time"

	"github.com/google/uuid"
)

// Config tunes a Manager. The zero value is ready for production.
type Config struct {
	// Window is the most requests in flight per task for steps that do not say.
	// 0: 1000.
	Window int
	// Batch is how many requests are stored, published or swept at once. 0: 500.
	Batch int
	// BatchBytes bounds a batch by its requests' payloads too: it is full once they
	// come to that many bytes. 0: 4 MiB.
	BatchBytes int
	// Workers is how many tasks of each type this manager drives at once: tasks
	// whose streams or hooks are stuck keep only others of their type waiting.
	// 0: 16.
	Workers int
	// Lease is how long claimed work is left to its claimer: the time after
	// which another process takes over from a dead one. 0: 4 s.
	Lease time.Duration
	// Poll is how often Run looks for due work that nobody announced. 0: 250 ms.
	Poll time.Duration
	// MaxPayload is the most bytes of a task's or request's payload. 0: 256 KiB.
	MaxPayload int
	// Retention is how long ended tasks are kept for queries. 0: 7 days.
	Retention time.Duration
	// Clock is the source of time. nil: the system's.
	Clock Clock
	// Logger receives what operators should know. nil: slog.Default().
	Logger *slog.Logger
	// Observer is told what happens. nil: nobody.
	Observer Observer
}

func (c Config) withDefaults() Config {
	def(&c.Window, 1000)
	def(&c.Batch, 500)
	def(&c.BatchBytes, 4<<20)
	def(&c.Workers, 16)
	def(&c.Lease, 4*time.Second)
	def(&c.Poll, 250*time.Millisecond)
	def(&c.MaxPayload, 256<<10)
	def(&c.Retention, 7*24*time.Hour)
	if c.Clock == nil {
		c.Clock = systemClock{}
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Observer == nil {
		c.Observer = noObserver{}
	}
	return c
}

func def[T int | time.Duration](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}

func newOwner() string { return uuid.NewString() }
