// Package events is rsadaptor's event-bus driver: it decodes and validates each
// event and calls the one use case for it.
package events

import (
	"context"
	"errors"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rsadaptor/usecase"
)

// Registries returns what rsadaptor listens to.
func Registries(a *usecase.Adaptor) ([]eventbus.Registry, error) {
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
		{Topic: rsevent.TopicProvision, Callback: devices},
		{Topic: rsevent.TopicSystemConfiguration, Callback: system},
		{Topic: rsevent.TopicAgent, Callback: agents},
	}, nil
}

func handle[T any](m *eventbus.Mux, eventType string, do func(context.Context, T) error) error {
	return eventbus.Handle(m, eventType, func(ctx context.Context, ev eventbus.Event[T]) error {
		return do(ctx, ev.Data)
	})
}
