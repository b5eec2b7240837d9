// Package events is rssync's event-bus driver: it decodes and validates the
// replies of the other services and hands them to the full sync that they belong to.
package events

import (
	"context"
	"errors"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/synctask"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

// Registries returns what rssync listens to.
func Registries(tasks *asynctask.Manager) ([]eventbus.Registry, error) {
	replies := eventbus.NewMux()
	reply := func(ctx context.Context, _ rsevent.Reply, msg *eventbus.Message) error {
		return synctask.Dispatch(ctx, tasks, msg)
	}
	err := errors.Join(
		synctask.Answered(replies, rsevent.TypeRSSyncSystemReply, reply),
		synctask.Answered(replies, rsevent.TypeRSSyncAgentPackagesReply, reply),
		synctask.Answered(replies, rsevent.TypeRSSyncAccountsReply, reply),
	)
	if err != nil {
		return nil, err
	}
	return []eventbus.Registry{
		{Topic: rsevent.TopicClientReply, Callback: replies},
		{Topic: rsevent.TopicAgentsReply, Callback: replies},
	}, nil
}
