package usecase

import (
	"context"
	"fmt"
	"time"

	"github.com/hexplane/hexplane/internal/synctask"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

// View is the configuration that follows for one device, and what the
// HomeSecure backend said of it.
type View struct {
	rsevent.ResolvedDevice
	// ConfirmedAt is when the backend last confirmed a configuration that it was
	// asked to confirm; unset: never.
	ConfirmedAt *time.Time `json:"confirmed_at,omitempty"`
	// Current tells whether what it confirmed then is this configuration.
	Current bool `json:"confirmed_is_current"`
	// Failure is why the backend refused a configuration since then.
	Failure *rsevent.ReplyError `json:"failure,omitempty"`
}

// Viewer shows what follows for a device.
type Viewer struct {
	tables Tables
}

// NewViewer returns the use case over the tables.
func NewViewer(tables Tables) *Viewer { return &Viewer{tables: tables} }

// Device returns the view of one device of an ISP's account, or ErrNotFound.
func (v *Viewer) Device(ctx context.Context, ispID, accountID, deviceID string) (View, error) {
	account, _, err := lookup(ctx, v.tables.Accounts, accountID)
	if err != nil {
		return View{}, fmt.Errorf("rsclient: account: %w", err)
	}
	device, _, err := lookup(ctx, v.tables.Devices, deviceID)
	if err != nil {
		return View{}, fmt.Errorf("rsclient: device: %w", err)
	}
	if !account.Known() || account.Value.ISPID != ispID || !device.Known() || device.Value.AccountID != accountID {
		return View{}, ErrNotFound
	}
	h, err := v.tables.household(ctx, account.Value)
	if err != nil {
		return View{}, err
	}
	resolved, err := h.resolve(ctx, device.Value)
	if err != nil {
		return View{}, err
	}
	return v.confirmed(ctx, resolved)
}

func (v *Viewer) confirmed(ctx context.Context, resolved rsevent.ResolvedDevice) (View, error) {
	view := View{ResolvedDevice: resolved}
	confirmation, _, err := lookup(ctx, v.tables.Confirmations, resolved.Device.DeviceID)
	if err != nil {
		return View{}, fmt.Errorf("rsclient: confirmation: %w", err)
	}
	digest, err := synctask.Digest(rsevent.RSDevice{ResolvedDevice: resolved})
	if err != nil {
		return View{}, err
	}
	if !confirmation.At.IsZero() {
		view.ConfirmedAt = &confirmation.At
		view.Current = confirmation.Digest == digest
	}
	view.Failure = confirmation.Failure
	return view, nil
}
