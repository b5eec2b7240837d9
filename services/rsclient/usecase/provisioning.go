package usecase

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rsclient/domain"
)

// errStale says that an event tells nothing new.
var errStale = errors.New("rsclient: stale event")

// Provisioning keeps the copies of accounts, users and devices, and tells
// rsadaptor what follows from their changes.
type Provisioning struct {
	tables Tables
	push   *Push
	now    func() time.Time
}

// NewProvisioning returns the use cases over the tables; now is the clock.
func NewProvisioning(tables Tables, push *Push, now func() time.Time) *Provisioning {
	return &Provisioning{tables: tables, push: push, now: now}
}

// Save runs the matching use case for each part: the account, users, devices.
func (p *Provisioning) Save(ctx context.Context, all rsevent.Provision, rev domain.Revision) error {
	if all.Account != nil {
		if err := p.SaveAccount(ctx, *all.Account, rev); err != nil {
			return err
		}
	}
	for _, user := range all.Users {
		if err := p.SaveUser(ctx, user, rev); err != nil {
			return err
		}
	}
	for _, device := range all.Devices {
		if err := p.SaveDevice(ctx, device, rev); err != nil {
			return err
		}
	}
	return nil
}

// Delete runs the matching use case for each part: devices, users, the account.
func (p *Provisioning) Delete(ctx context.Context, all rsevent.Provision, rev domain.Revision) error {
	for _, device := range all.Devices {
		if err := p.DeleteDevice(ctx, device, rev); err != nil {
			return err
		}
	}
	for _, user := range all.Users {
		if err := p.DeleteUser(ctx, user, rev); err != nil {
			return err
		}
	}
	if all.Account != nil {
		return p.DeleteAccount(ctx, *all.Account, rev)
	}
	return nil
}

// household returns the household of an account for news of rev about one of its
// users or devices. News from before the account's end is stale: errStale.
func (p *Provisioning) household(ctx context.Context, accountID string, rev domain.Revision) (*household, error) {
	account, _, err := lookup(ctx, p.tables.Accounts, accountID)
	if err != nil {
		return nil, fmt.Errorf("rsclient: account: %w", err)
	}
	if !rev.Supersedes(account.Ended) {
		return nil, errStale
	}
	if account.Known() {
		return p.tables.household(ctx, account.Value)
	}
	return &household{waiting: true}, nil
}

// newsOnly is the error of a use case for which stale news is nothing to do.
func newsOnly(err error) error {
	if errors.Is(err, errStale) {
		return nil
	}
	return err
}

// finish ends a use case that resolved devices of h. When the ISP's settings
// changed while it did, the account is pushed once more, because the push that the
// change started may have come before this one.
func (p *Provisioning) finish(ctx context.Context, h *household, rev domain.Revision, err error) error {
	if err != nil || h.waiting {
		return newsOnly(err)
	}
	current, err := h.current(ctx)
	if err != nil || current {
		return err
	}
	return p.push.Accounts(ctx, h.account.ISPID, []string{h.account.AccountID}, rev.Event+"/"+h.account.AccountID)
}

// keep stores an entity as news of rev, or reports errStale.
func keep[T any](c *domain.Copy[T], value T, rev domain.Revision) error {
	if !rev.Supersedes(c.Revision) {
		return errStale
	}
	*c = domain.Copy[T]{Value: value, Revision: rev}
	return nil
}

// bury turns a copy into a tombstone as news of rev, or reports errStale.
func bury[T any](c *domain.Copy[T], value T, rev domain.Revision, now time.Time) error {
	if err := keep(c, value, rev); err != nil {
		return err
	}
	c.Deleted, c.Buried = true, now.UTC()
	return nil
}

// deviceGone is the event that tells that a device is no more.
func deviceGone(device rsevent.Device) (*eventbus.Message, error) {
	device.ProductData, device.Internal = nil, nil
	payload := rsevent.RSDevice{ResolvedDevice: rsevent.ResolvedDevice{Device: device}}
	return provision(rsevent.TypeRSDeviceDeleted, device.AccountID, payload)
}
