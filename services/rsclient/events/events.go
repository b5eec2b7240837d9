// Package events is rsclient's event-bus driver: it decodes and validates each
// event and calls the one use case for it.
package events

import (
	"context"
	"errors"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/synctask"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rsclient/domain"
	"github.com/hexplane/hexplane/services/rsclient/usecase"
)

// App is the use cases that events lead to.
type App struct {
	Provisioning *usecase.Provisioning
	Providers    *usecase.Providers
	Replies      *usecase.Replies
	Tasks        *asynctask.Manager
}

// Registries returns what rsclient listens to.
func Registries(app App) ([]eventbus.Registry, error) {
	provision, settings, requests, replies := eventbus.NewMux(), eventbus.NewMux(), eventbus.NewMux(), eventbus.NewMux()
	err := errors.Join(
		app.provisioning(provision), app.provisions(provision), app.providers(settings),
		app.requests(requests), app.replies(replies),
	)
	if err != nil {
		return nil, err
	}
	return []eventbus.Registry{
		{Topic: rsevent.TopicProvision, Callback: provision},
		{Topic: rsevent.TopicConfiguration, Callback: settings},
		{Topic: rsevent.TopicAgent, Callback: settings},
		{Topic: rsevent.TopicClientRequest, Callback: requests},
		{Topic: rsevent.TopicClientReply, Callback: replies},
		{Topic: rsevent.TopicAdaptorReply, Callback: replies},
	}, nil
}

// told routes an event type to a use case for news about an entity.
func told[T any](m *eventbus.Mux, eventType string, do func(context.Context, T, domain.Revision) error) error {
	return eventbus.Handle(m, eventType, func(ctx context.Context, ev eventbus.Event[T]) error {
		return do(ctx, ev.Data, domain.Revision{At: ev.Timestamp, Event: ev.ID})
	})
}

func (a App) provisioning(m *eventbus.Mux) error {
	p := a.Provisioning
	return errors.Join(
		told(m, rsevent.TypeAccountCreated, p.SaveAccount),
		told(m, rsevent.TypeAccountUpdated, p.SaveAccount),
		told(m, rsevent.TypeAccountDeleted, p.DeleteAccount),
		told(m, rsevent.TypeUserCreated, p.SaveUser),
		told(m, rsevent.TypeUserUpdated, p.SaveUser),
		told(m, rsevent.TypeUserDeleted, p.DeleteUser),
		told(m, rsevent.TypeDeviceCreated, p.SaveDevice),
		told(m, rsevent.TypeDeviceUpdated, p.SaveDevice),
		told(m, rsevent.TypeDeviceDeleted, p.DeleteDevice),
	)
}

func (a App) provisions(m *eventbus.Mux) error {
	return errors.Join(
		told(m, rsevent.TypeProvisionCreated, a.Provisioning.Save),
		told(m, rsevent.TypeProvisionUpdated, a.Provisioning.Save),
		told(m, rsevent.TypeProvisionDeleted, a.Provisioning.Delete),
	)
}

func (a App) providers(m *eventbus.Mux) error {
	p := a.Providers
	return errors.Join(
		told(m, rsevent.TypeISPGlobalConfigurationsCreated, p.SaveConfiguration),
		told(m, rsevent.TypeISPGlobalConfigurationsUpdated, p.SaveConfiguration),
		told(m, rsevent.TypeRSAgentsUpdated, p.SaveAgents),
		told(m, rsevent.TypeRSDefaultAgentsUpdated, p.SaveDefaults),
	)
}

func (a App) requests(m *eventbus.Mux) error {
	return errors.Join(
		synctask.Valid[rsevent.RSSyncSystem](m, rsevent.TypeRSSyncSystem, a.Tasks.Starter(usecase.TaskSyncSystem)),
		synctask.Valid[rsevent.RSSyncAccounts](m, rsevent.TypeRSSyncAccounts, a.Tasks.Starter(usecase.TaskSyncAccounts)),
		synctask.Valid[rsevent.RSSyncAccountsBulk](m, rsevent.TypeRSSyncAccountsBulk, a.Tasks.Starter(usecase.TaskSyncAccountsBulk)),
		synctask.Valid[rsevent.RSCancelSync](m, rsevent.TypeRSCancelSync, a.Tasks.Canceller()),
	)
}

func (a App) replies(m *eventbus.Mux) error {
	r := a.Replies
	return errors.Join(
		synctask.Answered(m, rsevent.TypeRSDeviceCreatedReply, r.Device),
		synctask.Answered(m, rsevent.TypeRSSystemUpdatedReply, r.Settings),
		synctask.Answered(m, rsevent.TypeRSRouterProtectionUpdatedReply, r.Settings),
		synctask.Answered(m, rsevent.TypeRSSyncAccountsBulkReply, r.Bulk),
	)
}
