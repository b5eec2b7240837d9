// Package events is rsadaptor's event-bus driver: it decodes and validates each
// event and calls the one use case for it.
package events

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/hsadmin"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rsadaptor/usecase"
)

// Registries returns what rsadaptor listens to. While the backend is out, an event
// waits up to patience before the bus counts a failed attempt: what follows on the
// same key would fail too.
func Registries(a *usecase.Adaptor, patience time.Duration, log *slog.Logger) ([]eventbus.Registry, error) {
	devices, system, agents := eventbus.NewMux(), eventbus.NewMux(), eventbus.NewMux()
	err := errors.Join(
		handle(devices, rsevent.TypeRSDeviceCreated, a.DeviceCreated),
		handle(devices, rsevent.TypeRSDeviceUpdated, a.DeviceUpdated),
		handle(devices, rsevent.TypeRSDeviceDeleted, a.DeviceDeleted),
		handle(devices, rsevent.TypeRSDeviceAction, a.DeviceAction),
		handle(devices, rsevent.TypeRSUserUpdated, a.UserUpdated),
		handle(devices, rsevent.TypeRSCustomFlagsUpdated, a.CustomFlagsUpdated),
		handle(devices, rsevent.TypeRSRouterUploadIntervalsUpdated, a.UploadIntervalsUpdated),
		handle(system, rsevent.TypeRSRouterProtectionUpdated, a.RouterProtectionUpdated),
		handle(system, rsevent.TypeRSSystemUpdated, a.SystemUpdated),
		handle(agents, rsevent.TypeRSAgentPackageCreated, a.AgentPackageCreated),
		handle(agents, rsevent.TypeRSAgentsUpdated, a.AgentsUpdated),
		handle(agents, rsevent.TypeRSDefaultAgentsUpdated, a.DefaultAgentsUpdated),
	)
	if err != nil {
		return nil, err
	}
	return []eventbus.Registry{
		{Topic: rsevent.TopicProvision, Callback: patient(devices, patience, log)},
		{Topic: rsevent.TopicSystemConfiguration, Callback: patient(system, patience, log)},
		{Topic: rsevent.TopicAgent, Callback: patient(agents, patience, log)},
	}, nil
}

func handle[T any](m *eventbus.Mux, eventType string, do func(context.Context, T) error) error {
	return eventbus.Handle(m, eventType, func(ctx context.Context, ev eventbus.Event[T]) error {
		return do(ctx, ev.Data)
	})
}

// patient calls next again, with growing waits, while the backend is out.
func patient(next *eventbus.Mux, patience time.Duration, log *slog.Logger) eventbus.Callback {
	return eventbus.CallbackFunc(func(ctx context.Context, msg *eventbus.Message) error {
		again := func() (struct{}, error) {
			err := next.Notify(ctx, msg)
			if err != nil && !out(err) {
				return struct{}{}, backoff.Permanent(err)
			}
			return struct{}{}, err
		}
		wait := func(err error, pause time.Duration) {
			log.WarnContext(ctx, "the backend is out; waiting", "event_type", msg.EventType, "wait", pause, "error", err)
		}
		_, err := backoff.Retry(ctx, again, backoff.WithMaxElapsedTime(patience), backoff.WithNotify(wait))
		return err
	})
}

// out tells whether an error says that the backend takes nothing at the moment.
func out(err error) bool {
	return errors.Is(err, hsadmin.ErrUnavailable) || errors.Is(err, hsadmin.ErrThrottled)
}
