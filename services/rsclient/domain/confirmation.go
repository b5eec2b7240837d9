package domain

import (
	"time"

	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

// Confirmation is what the HomeSecure backend last answered about a device.
type Confirmation struct {
	// At is when the backend confirmed the configuration that has Digest; zero:
	// it never did.
	At     time.Time `json:"at,omitzero"`
	Digest string    `json:"digest,omitempty"`
	// Failure is why the backend refused a configuration since then, and FailedAt when.
	Failure  *rsevent.ReplyError `json:"failure,omitempty"`
	FailedAt time.Time           `json:"failed_at,omitzero"`
}

// Record takes in the backend's answer of that time about the configuration with
// that digest. An answer older than what is known changes nothing.
func (c *Confirmation) Record(digest string, reply rsevent.Reply, at time.Time) {
	switch {
	case reply.Status == rsevent.StatusOK && at.After(c.At):
		c.At, c.Digest = at, digest
		if !c.FailedAt.After(at) {
			c.Failure, c.FailedAt = nil, time.Time{}
		}
	case reply.Status == rsevent.StatusFailed && at.After(c.FailedAt) && at.After(c.At):
		c.Failure, c.FailedAt = reply.Error, at
	}
}
