package usecase

import (
	"context"
	"fmt"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rsclient/domain"
)

// household is an account with what is needed to resolve its devices. ISP-wide
// inputs are read once, so that one household is resolved from one view of them.
type household struct {
	// waiting says that the account is not known: its users and devices are kept
	// silently until it is.
	waiting bool
	tables  Tables
	account rsevent.Account
	isp     domain.ISP
	agents  domain.Agents
	view    view
	users   map[string]domain.User // read so far
}

// view names the versions of the ISP-wide inputs that a household was resolved from.
type view struct{ isp, agents int64 }

func (t Tables) household(ctx context.Context, account rsevent.Account) (*household, error) {
	h := (&household{tables: t}).of(account)
	var err error
	if h.isp, h.view.isp, err = lookup(ctx, t.ISPs, account.ISPID); err != nil {
		return nil, fmt.Errorf("rsclient: ISP configuration: %w", err)
	}
	if h.agents, h.view.agents, err = lookup(ctx, t.Agents, account.ISPID); err != nil {
		return nil, fmt.Errorf("rsclient: agents: %w", err)
	}
	return h, nil
}

// of is the household of another account of the same ISP, from the same view.
func (h *household) of(account rsevent.Account) *household {
	return &household{
		tables: h.tables, account: account, isp: h.isp, agents: h.agents, view: h.view, users: map[string]domain.User{},
	}
}

// current tells whether the ISP-wide inputs are still those of the household.
func (h *household) current(ctx context.Context) (bool, error) {
	fresh, err := h.tables.household(ctx, h.account)
	if err != nil {
		return false, err
	}
	return fresh.view == h.view, nil
}

// with is the household under another account record or another user record.
func (h *household) with(account rsevent.Account) *household {
	other := *h
	other.account = account
	return &other
}

func (h *household) withUser(id string, user domain.User) *household {
	other := *h
	other.users = map[string]domain.User{id: user}
	return &other
}

func (h *household) resolve(ctx context.Context, device rsevent.Device) (rsevent.ResolvedDevice, error) {
	user, err := h.user(ctx, device.UserID)
	if err != nil {
		return rsevent.ResolvedDevice{}, err
	}
	in := domain.Inputs{
		Device: device, User: user, Account: h.account, ISP: h.isp.Value, Agents: h.agents,
	}
	if device.Kind == rsevent.KindRouter {
		association, _, err := lookup(ctx, h.tables.Associations, device.DeviceID)
		if err != nil {
			return rsevent.ResolvedDevice{}, fmt.Errorf("rsclient: association: %w", err)
		}
		in.Package = association.PackageID
	}
	return domain.Resolve(in), nil
}

// user returns a user of the account; another is unknown here.
func (h *household) user(ctx context.Context, id string) (domain.User, error) {
	user, read := h.users[id]
	if id == "" || read {
		return user, nil
	}
	found, _, err := lookup(ctx, h.tables.Users, id)
	if err != nil {
		return domain.User{}, fmt.Errorf("rsclient: user: %w", err)
	}
	if found.Value.AccountID == h.account.AccountID {
		user = found
	}
	h.users[id] = user
	return user, nil
}

// devices calls do with every device of the account.
func (h *household) devices(ctx context.Context, do func(rsevent.Device) error) error {
	for doc, err := range h.tables.Devices.All(ctx, FieldAccount, h.account.AccountID) {
		if err != nil {
			return fmt.Errorf("rsclient: devices: %w", err)
		}
		if err := do(doc.Value.Value); err != nil {
			return err
		}
	}
	return nil
}

// provision makes an event for rsadaptor, keyed by the account.
func provision(eventType, accountID string, payload any) (*eventbus.Message, error) {
	return eventbus.NewMessage(rsevent.TopicProvision, eventType, accountID, payload)
}

// changed makes the events that bring the backend from one configuration of a
// device to the next; before is nil for a device that it was never told of.
func changed(before *rsevent.ResolvedDevice, after rsevent.ResolvedDevice) ([]*eventbus.Message, error) {
	types, err := domain.Change(before, after)
	if err != nil {
		return nil, err
	}
	events := make([]*eventbus.Message, 0, len(types))
	for _, eventType := range types {
		event, err := provision(eventType, after.Device.AccountID, domain.Payload(eventType, after))
		if err != nil {
			return nil, err
		}
		events = append(events, event)
	}
	return events, nil
}
