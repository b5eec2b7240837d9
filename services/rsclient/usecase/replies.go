package usecase

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/synctask"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rsclient/domain"
)

// Replies handles what is answered to requests of rsclient's tasks.
//
// A request carries a configuration as it was when the task looked. When the
// backend has applied it, rsclient looks again: if the device was changed or
// removed meanwhile, its events may have been overtaken, so rsclient tells what is
// true now once more. That holds for late replies of a cancelled job too.
type Replies struct {
	tables Tables
	tasks  Tasks
	bus    eventbus.Publisher
}

// NewReplies returns the use cases; bus carries corrections.
func NewReplies(tables Tables, tasks Tasks, bus eventbus.Publisher) *Replies {
	return &Replies{tables: tables, tasks: tasks, bus: bus}
}

// Bulk handles a task's reply about a bulk of accounts.
func (r *Replies) Bulk(ctx context.Context, _ rsevent.Reply, msg *eventbus.Message) error {
	return synctask.Dispatch(ctx, r.tasks, msg)
}

// Device handles rsadaptor's reply about a device.
func (r *Replies) Device(ctx context.Context, reply rsevent.Reply, msg *eventbus.Message) error {
	if id, digest, ok := synctask.Split(reply.RequestID); ok {
		if err := r.settleDevice(ctx, id, digest, reply, msg.Timestamp); err != nil {
			return err
		}
	}
	return synctask.Dispatch(ctx, r.tasks, msg)
}

func (r *Replies) settleDevice(ctx context.Context, id, digest string, reply rsevent.Reply, at time.Time) error {
	gone := false
	err := synctask.Settle(ctx, r.bus, digest, func(ctx context.Context) (string, *eventbus.Message, error) {
		device, _, err := lookup(ctx, r.tables.Devices, id)
		if err != nil {
			return "", nil, fmt.Errorf("rsclient: device: %w", err)
		}
		if gone = !device.Known(); !gone {
			return r.deviceNow(ctx, device)
		}
		if !device.Deleted { // forgotten long since
			return "", nil, nil
		}
		event, err := deviceGone(device.Value)
		return "", event, err
	})
	if err != nil || gone {
		return err
	}
	_, err = r.tables.Confirmations.Upsert(ctx, id, func(c *domain.Confirmation, _ bool) ([]*eventbus.Message, error) {
		c.Record(digest, reply, at)
		return nil, nil
	})
	if err != nil {
		return fmt.Errorf("rsclient: confirmation: %w", err)
	}
	return nil
}

// deviceNow is the configuration of a device as it follows now, unless the device
// waits for its account.
func (r *Replies) deviceNow(ctx context.Context, device domain.Device) (string, *eventbus.Message, error) {
	account, _, err := lookup(ctx, r.tables.Accounts, device.Value.AccountID)
	if err != nil {
		return "", nil, fmt.Errorf("rsclient: account: %w", err)
	}
	if !account.Known() {
		return "", nil, nil
	}
	h, err := r.tables.household(ctx, account.Value)
	if err != nil {
		return "", nil, err
	}
	resolved, err := h.resolve(ctx, device.Value)
	if err != nil {
		return "", nil, err
	}
	payload := rsevent.RSDevice{ResolvedDevice: resolved}
	digest, err := synctask.Digest(payload)
	if err != nil {
		return "", nil, err
	}
	event, err := provision(rsevent.TypeRSDeviceUpdated, device.Value.AccountID, payload)
	return digest, event, err
}

// Settings handles rsadaptor's reply about a part of an ISP's settings.
func (r *Replies) Settings(ctx context.Context, reply rsevent.Reply, msg *eventbus.Message) error {
	if name, digest, ok := synctask.Split(reply.RequestID); ok {
		eventType, ispID, _ := strings.Cut(name, ":")
		if err := r.settleSettings(ctx, eventType, ispID, digest); err != nil {
			return err
		}
	}
	return synctask.Dispatch(ctx, r.tasks, msg)
}

func (r *Replies) settleSettings(ctx context.Context, eventType, ispID, digest string) error {
	return synctask.Settle(ctx, r.bus, digest, func(ctx context.Context) (string, *eventbus.Message, error) {
		settings, _, err := lookup(ctx, r.tables.Settings, ispID)
		if err != nil {
			return "", nil, fmt.Errorf("rsclient: settings: %w", err)
		}
		for _, part := range settingsParts {
			if part.eventType == eventType {
				return part.now(settings, ispID)
			}
		}
		return "", nil, nil
	})
}
