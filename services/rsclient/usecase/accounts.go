package usecase

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rsclient/domain"
)

// SaveAccount keeps an account that was created or updated and tells rsadaptor
// what changed for its devices; those that came before their account are told
// now. An account that newly has RouterSecure is announced to the core.
func (p *Provisioning) SaveAccount(ctx context.Context, account rsevent.Account, rev domain.Revision) error {
	h, err := p.tables.household(ctx, account)
	if err != nil {
		return err
	}
	_, err = p.tables.Accounts.Upsert(ctx, account.AccountID, func(c *domain.Account, _ bool) ([]*eventbus.Message, error) {
		old := *c
		if err := keep(&c.Copy, account, rev); err != nil {
			return nil, err
		}
		events, err := h.accountChanged(ctx, old)
		if err != nil {
			return nil, err
		}
		return installed(events, old, account)
	})
	return p.finish(ctx, h, rev, err)
}

// accountChanged makes the events of all devices of an account that replaces an
// older copy.
func (h *household) accountChanged(ctx context.Context, old domain.Account) ([]*eventbus.Message, error) {
	var events []*eventbus.Message
	err := h.devices(ctx, func(device rsevent.Device) error {
		after, err := h.resolve(ctx, device)
		if err != nil {
			return err
		}
		var before *rsevent.ResolvedDevice
		if old.Known() {
			was, err := h.with(old.Value).resolve(ctx, device)
			if err != nil {
				return err
			}
			before = &was
		}
		more, err := changed(before, after)
		events = append(events, more...)
		return err
	})
	return events, err
}

// installed adds the event that tells the core of an account's RouterSecure.
func installed(events []*eventbus.Message, old domain.Account, account rsevent.Account) ([]*eventbus.Message, error) {
	had := old.Known() && slices.Contains(old.Value.Products, rsevent.ProductRouterSecure)
	if had || !slices.Contains(account.Products, rsevent.ProductRouterSecure) {
		return events, nil
	}
	event, err := eventbus.NewMessage(rsevent.TopicSubsystem, rsevent.TypeProductIsInstalled, account.AccountID,
		rsevent.ProductIsInstalled{AccountID: account.AccountID, ISPID: account.ISPID, Product: rsevent.ProductRouterSecure})
	return append(events, event), err
}

// DeleteAccount forgets an account with the devices and users from before its end,
// and tells rsadaptor of each device. The account goes last: after a crash the event
// comes again and goes on where it stopped. An account that was made anew since then
// stays.
func (p *Provisioning) DeleteAccount(ctx context.Context, account rsevent.Account, rev domain.Revision) error {
	known, _, err := lookup(ctx, p.tables.Accounts, account.AccountID)
	if err != nil {
		return fmt.Errorf("rsclient: account: %w", err)
	}
	if !rev.Supersedes(known.Ended) {
		return nil
	}
	for doc, err := range p.tables.Devices.All(ctx, FieldAccount, account.AccountID) {
		if err != nil {
			return fmt.Errorf("rsclient: devices: %w", err)
		}
		if err := p.buryDevice(ctx, doc.Value.Value, account.ISPID, rev); err != nil {
			return err
		}
	}
	for doc, err := range p.tables.Users.All(ctx, FieldAccount, account.AccountID) {
		if err != nil {
			return fmt.Errorf("rsclient: users: %w", err)
		}
		if err := p.DeleteUser(ctx, doc.Value.Value, rev); err != nil {
			return err
		}
	}
	return p.endAccount(ctx, account, rev)
}

// endAccount turns the account itself into a tombstone. Devices that are newer than
// its end wait for their account again: the backend is told that they are gone.
func (p *Provisioning) endAccount(ctx context.Context, account rsevent.Account, rev domain.Revision) error {
	h := (&household{tables: p.tables}).of(account)
	_, err := p.tables.Accounts.Upsert(ctx, account.AccountID, func(c *domain.Account, _ bool) ([]*eventbus.Message, error) {
		c.Ended = rev
		if err := bury(&c.Copy, account, rev, p.now()); err != nil {
			if errors.Is(err, errStale) { // it was made anew
				return nil, nil
			}
			return nil, err
		}
		var events []*eventbus.Message
		err := h.devices(ctx, func(device rsevent.Device) error {
			device.ISPID = account.ISPID
			gone, err := deviceGone(device)
			events = append(events, gone)
			return err
		})
		return events, err
	})
	if err != nil {
		return fmt.Errorf("rsclient: account: %w", err)
	}
	return nil
}
