package domain

import (
	"time"

	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

// Revision orders what is told about one entity: by when it happened, then by
// the id of the event, which grows with time too.
type Revision struct {
	At    time.Time `json:"at"`
	Event string    `json:"event"`
}

// Supersedes tells whether r is news compared with old. A revision does not
// supersede itself, so a redelivered event is no news.
func (r Revision) Supersedes(old Revision) bool {
	if c := r.At.Compare(old.At); c != 0 {
		return c > 0
	}
	return r.Event > old.Event
}

// Copy is the newest that is known of an entity that another service owns. A
// deleted one stays as a tombstone, so that an older event cannot revive it.
type Copy[T any] struct {
	Value    T        `json:"value"`
	Revision Revision `json:"revision"`
	Deleted  bool     `json:"deleted,omitempty"`
	// Buried is when rsclient took the deletion in, by its own clock.
	Buried time.Time `json:"buried,omitzero"`
}

// Known tells whether the entity exists.
func (c Copy[T]) Known() bool { return !c.Deleted && c.Revision.Event != "" }

// Account is the copy of an account.
type Account struct {
	Copy[rsevent.Account]
	// Ended is when the account was deleted last, also if it was made anew since:
	// no user or device from before then exists any more.
	Ended Revision `json:"ended,omitzero"`
}

// User is the copy of a user.
type User = Copy[rsevent.User]

// Device is the copy of a device.
type Device = Copy[rsevent.Device]
