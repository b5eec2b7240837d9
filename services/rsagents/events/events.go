// Package events is rsagents' event-bus driver: it decodes and validates each
// event and calls the one use case for it.
package events

import (
	"errors"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/synctask"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rsagents/usecase"
)

// App is the use cases that events lead to.
type App struct {
	Replies *usecase.Replies
	Tasks   *asynctask.Manager
}

// Registries returns what rsagents listens to.
func Registries(app App) ([]eventbus.Registry, error) {
	requests, replies := eventbus.NewMux(), eventbus.NewMux()
	if err := errors.Join(app.requests(requests), app.replies(replies)); err != nil {
		return nil, err
	}
	return []eventbus.Registry{
		{Topic: rsevent.TopicAgentsRequest, Callback: requests},
		{Topic: rsevent.TopicAgentsReply, Callback: replies},
		{Topic: rsevent.TopicAdaptorReply, Callback: replies},
	}, nil
}

func (a App) requests(m *eventbus.Mux) error {
	all, bulk := a.Tasks.Starter(usecase.TaskSyncAgentPackages), a.Tasks.Starter(usecase.TaskSyncAgentPackagesBulk)
	return errors.Join(
		synctask.Valid[rsevent.RSSyncAgentPackages](m, rsevent.TypeRSSyncAgentPackages, all),
		synctask.Valid[rsevent.RSSyncAgentPackagesBulk](m, rsevent.TypeRSSyncAgentPackagesBulk, bulk),
		synctask.Valid[rsevent.RSCancelSync](m, rsevent.TypeRSCancelSync, a.Tasks.Canceller()),
	)
}

func (a App) replies(m *eventbus.Mux) error {
	r := a.Replies
	return errors.Join(
		synctask.Answered(m, rsevent.TypeRSAgentPackageCreatedReply, r.Package),
		synctask.Answered(m, rsevent.TypeRSAgentsUpdatedReply, r.Versions),
		synctask.Answered(m, rsevent.TypeRSDefaultAgentsUpdatedReply, r.Defaults),
		synctask.Answered(m, rsevent.TypeRSSyncAgentPackagesBulkReply, r.Bulk),
	)
}
