package usecase

import (
	"context"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rsclient/domain"
)

// SaveUser keeps a user that was created or updated and tells rsadaptor those of
// its devices whose configuration changed.
func (p *Provisioning) SaveUser(ctx context.Context, user rsevent.User, rev domain.Revision) error {
	return p.replaceUser(ctx, user, rev, keep[rsevent.User])
}

// DeleteUser forgets a user; its devices fall back to the account's settings.
func (p *Provisioning) DeleteUser(ctx context.Context, user rsevent.User, rev domain.Revision) error {
	return p.replaceUser(ctx, user, rev, func(c *domain.User, user rsevent.User, rev domain.Revision) error {
		return bury(c, user, rev, p.now())
	})
}

func (p *Provisioning) replaceUser(ctx context.Context, user rsevent.User, rev domain.Revision,
	store func(*domain.User, rsevent.User, domain.Revision) error,
) error {
	h, err := p.household(ctx, user.AccountID, rev)
	if err != nil {
		return newsOnly(err)
	}
	_, err = p.tables.Users.Upsert(ctx, user.UserID, func(c *domain.User, _ bool) ([]*eventbus.Message, error) {
		old := *c
		if err := store(c, user, rev); err != nil || h.waiting {
			return nil, err
		}
		return h.userChanged(ctx, user, old, *c)
	})
	return p.finish(ctx, h, rev, err)
}

// userChanged makes one event with the devices that a user's change concerns, or
// none when it concerns no device.
func (h *household) userChanged(ctx context.Context, user rsevent.User, old, now domain.User) ([]*eventbus.Message, error) {
	before, after := h.withUser(user.UserID, old), h.withUser(user.UserID, now)
	var devices []rsevent.ResolvedDevice
	err := h.devices(ctx, func(device rsevent.Device) error {
		if device.UserID != user.UserID {
			return nil
		}
		was, err := before.resolve(ctx, device)
		if err != nil {
			return err
		}
		is, err := after.resolve(ctx, device)
		if err != nil {
			return err
		}
		types, err := domain.Change(&was, is)
		if len(types) > 0 {
			devices = append(devices, is)
		}
		return err
	})
	if err != nil || len(devices) == 0 {
		return nil, err
	}
	event, err := provision(rsevent.TypeRSUserUpdated, user.AccountID, rsevent.RSUserUpdated{User: user, Devices: devices})
	return []*eventbus.Message{event}, err
}
