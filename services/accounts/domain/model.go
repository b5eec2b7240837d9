// Package domain holds what accounts stores and the rules that need no store: what a
// product demands of a device, and when an inactive device is to be deleted.
package domain

import (
	"slices"
	"time"

	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

// State is the unfinished work on an account. It is stored with the account, so that
// what a crash interrupts is found and finished.
type State string

// States of an account.
const (
	Settled       State = ""
	Recalculating State = "recalculating" // its devices' deletion timestamps may be old
	Deleting      State = "deleting"      // its users and devices are being deleted
	Deleted       State = "deleted"       // gone; kept a while to find stragglers
)

// Account is a stored account.
type Account struct {
	rsevent.Account
	State     State      `json:"state,omitempty"`
	DeletedAt *time.Time `json:"deleted_at,omitempty"`
}

// Gone tells whether the account is deleted for everyone who asks.
func (a Account) Gone() bool { return a.State == Deleting || a.State == Deleted }

// Has tells whether the account uses a product.
func (a Account) Has(product string) bool { return slices.Contains(a.Products, product) }

// Device is a stored device.
type Device struct {
	rsevent.Device
	// AlertedFor is the deletion timestamp that the customer was warned of.
	AlertedFor *time.Time `json:"alerted_for,omitempty"`
}

// ISP is what is known of an internet provider.
type ISP struct {
	ISPID         string                   `json:"isp_id"`
	Configuration rsevent.ISPConfiguration `json:"configuration"`
	// Recalculate tells that devices' deletion timestamps may be old.
	Recalculate bool `json:"recalculate,omitempty"`
}
