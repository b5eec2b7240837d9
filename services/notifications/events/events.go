// Package events is the event driver of notifications.
package events

import (
	"context"
	"errors"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/notifications/usecase"
)

// Registries returns what notifications listens to.
func Registries(inbox *usecase.Inbox) ([]eventbus.Registry, error) {
	add := func(ctx context.Context, ev eventbus.Event[rsevent.DeviceNotification]) error {
		return inbox.Add(ctx, usecase.Notification{
			NotificationID: ev.ID, Type: ev.EventType, DeviceNotification: ev.Data,
		})
	}
	mux := eventbus.NewMux()
	var errs []error
	for _, eventType := range []string{
		rsevent.TypeDeviceInactiveDeleted, rsevent.TypeDeviceInactiveDeleteAlert,
		rsevent.TypeHSDeviceConnected, rsevent.TypeHSDeviceNew, rsevent.TypeHSDeviceActive,
	} {
		errs = append(errs, eventbus.Handle(mux, eventType, add))
	}
	return []eventbus.Registry{{Topic: rsevent.TopicNotification, Callback: mux}}, errors.Join(errs...)
}
