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
	device, _, err := lookup(ctx, r.tables.Devices, id)
	if err != nil {
		return fmt.Errorf("rsclient: device: %w", err)
	}
	if device.Deleted {
		event, err := deviceGone(device.Value)
		return r.correct(ctx, event, err)
	}
	if err := r.correctDevice(ctx, device, digest); err != nil {
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

// correct publishes an event, unless it could not be made.
func (r *Replies) correct(ctx context.Context, event *eventbus.Message, err error) error {
	if err != nil {
		return err
	}
	if err := r.bus.Publish(ctx, event); err != nil {
		return fmt.Errorf("rsclient: correct: %w", err)
	}
	return nil
}

// correctDevice tells what is true now of a device that the backend knows by the
// configuration with that digest, unless that is it.
func (r *Replies) correctDevice(ctx context.Context, device domain.Device, digest string) error {
	account, _, err := lookup(ctx, r.tables.Accounts, device.Value.AccountID)
	if err != nil {
		return fmt.Errorf("rsclient: account: %w", err)
	}
	if !device.Known() || !account.Known() {
		return nil
	}
	h, err := r.tables.household(ctx, account.Value)
	if err != nil {
		return err
	}
	resolved, err := h.resolve(ctx, device.Value)
	if err != nil {
		return err
	}
	payload := rsevent.RSDevice{ResolvedDevice: resolved}
	if now, err := synctask.Digest(payload); err != nil || now == digest {
		return err
	}
	event, err := provision(rsevent.TypeRSDeviceUpdated, device.Value.AccountID, payload)
	return r.correct(ctx, event, err)
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
	settings, _, err := lookup(ctx, r.tables.Settings, ispID)
	if err != nil {
		return fmt.Errorf("rsclient: settings: %w", err)
	}
	for _, part := range settingsParts {
		if part.eventType != eventType {
			continue
		}
		payload, err := part.payload(settings, ispID)
		if err != nil {
			return err
		}
		if now, err := synctask.Digest(payload); err != nil || now == digest {
			return err
		}
		event, err := eventbus.NewMessage(rsevent.TopicSystemConfiguration, eventType, ispID, payload)
		return r.correct(ctx, event, err)
	}
	return nil
}
