// Package fakebackend shows how to test one's own code that calls the HS Admin
// interface: [Blocker] is such code, and its test is the example.
package fakebackend

import (
	"context"
	"errors"
	"fmt"

	"github.com/hexplane/hexplane/hsadmin"
	"github.com/hexplane/hexplane/rsmodels"
)

// Blocker blocks devices at a HomeSecure backend.
type Blocker struct{ client *hsadmin.Client }

// NewBlocker makes a blocker that calls through client.
func NewBlocker(client *hsadmin.Client) *Blocker { return &Blocker{client: client} }

// Block tells the backend to block the devices and returns the ids of those that
// it could not. A device that is refused does not keep the others from being
// blocked.
func (b *Blocker) Block(ctx context.Context, devices ...rsmodels.DeviceSpec) (unblocked []string, err error) {
	var errs []error
	for _, device := range devices {
		device.Action = "block"
		if err := b.put(ctx, device); err != nil {
			unblocked = append(unblocked, device.Device.DeviceID)
			errs = append(errs, fmt.Errorf("block %s: %w", device.Device.DeviceID, err))
		}
	}
	return unblocked, errors.Join(errs...)
}

func (b *Blocker) put(ctx context.Context, device rsmodels.DeviceSpec) error {
	doc, err := rsmodels.NewDeviceConfiguration(device)
	if err != nil {
		return err
	}
	return b.client.PutDevice(ctx, doc)
}
