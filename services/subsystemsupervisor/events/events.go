// Package events is the event driver of subsystemsupervisor.
package events

import (
	"context"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/subsystemsupervisor/usecase"
)

// Registries returns what subsystemsupervisor listens to.
func Registries(supervisor *usecase.Supervisor) ([]eventbus.Registry, error) {
	mux := eventbus.NewMux()
	err := eventbus.Handle(mux, rsevent.TypeProductIsInstalled,
		func(ctx context.Context, ev eventbus.Event[rsevent.ProductIsInstalled]) error {
			return supervisor.Installed(ctx, ev.Data.ISPID, ev.Data.AccountID, ev.Data.Product, ev.Timestamp)
		})
	return []eventbus.Registry{{Topic: rsevent.TopicSubsystem, Callback: mux}}, err
}
