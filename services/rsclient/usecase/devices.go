package usecase

import (
	"context"
	"errors"
	"fmt"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rsclient/domain"
)

// SaveDevice keeps a device that was created or updated and tells rsadaptor what
// changed. A device whose account is not known yet is kept silently; the account
// brings it along when it arrives.
func (p *Provisioning) SaveDevice(ctx context.Context, device rsevent.Device, rev domain.Revision) error {
	h, err := p.household(ctx, device.AccountID, rev)
	if err != nil {
		return newsOnly(err)
	}
	_, err = p.tables.Devices.Upsert(ctx, device.DeviceID, func(c *domain.Device, _ bool) ([]*eventbus.Message, error) {
		old := *c
		if err := keep(c, device, rev); err != nil || h.waiting {
			return nil, err
		}
		return h.deviceChanged(ctx, old, device)
	})
	return p.finish(ctx, h, rev, err)
}

// deviceChanged makes the events for a device that replaces an older copy.
func (h *household) deviceChanged(ctx context.Context, old domain.Device, device rsevent.Device) ([]*eventbus.Message, error) {
	after, err := h.resolve(ctx, device)
	if err != nil {
		return nil, err
	}
	if !old.Known() {
		return changed(nil, after)
	}
	before, err := h.resolve(ctx, old.Value)
	if err != nil {
		return nil, err
	}
	return changed(&before, after)
}

// DeleteDevice forgets a device and its association and tells rsadaptor, also
// when the device was never known: the event may have overtaken its creation.
func (p *Provisioning) DeleteDevice(ctx context.Context, device rsevent.Device, rev domain.Revision) error {
	h, err := p.household(ctx, device.AccountID, rev)
	if err != nil {
		return newsOnly(err)
	}
	ispID := device.ISPID
	if !h.waiting {
		ispID = h.account.ISPID
	}
	return p.buryDevice(ctx, device, ispID, rev)
}

// buryDevice removes what hangs on a device, then the device: after a crash in
// between, the event comes again and is still news.
func (p *Provisioning) buryDevice(ctx context.Context, device rsevent.Device, ispID string, rev domain.Revision) error {
	known, _, err := lookup(ctx, p.tables.Devices, device.DeviceID)
	if err != nil {
		return fmt.Errorf("rsclient: device: %w", err)
	}
	if !rev.Supersedes(known.Revision) {
		return nil
	}
	if err := remove(ctx, p.tables.Associations, device.DeviceID); err != nil {
		return err
	}
	if err := remove(ctx, p.tables.Confirmations, device.DeviceID); err != nil {
		return err
	}
	device.ISPID = ispID
	_, err = p.tables.Devices.Upsert(ctx, device.DeviceID, func(c *domain.Device, _ bool) ([]*eventbus.Message, error) {
		if err := bury(c, device, rev, p.now()); err != nil || ispID == "" {
			return nil, err
		}
		gone, err := deviceGone(device)
		return []*eventbus.Message{gone}, err
	})
	return newsOnly(err)
}

// remove deletes a document that may be missing.
func remove[T any](ctx context.Context, t Table[T], id string) error {
	if err := t.Delete(ctx, id, 0); err != nil && !errors.Is(err, docstore.ErrNotFound) {
		return fmt.Errorf("rsclient: remove %s: %w", id, err)
	}
	return nil
}
