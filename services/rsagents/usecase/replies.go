package usecase

import (
	"context"
	"fmt"
	"strings"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/synctask"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rsagents/domain"
)

// Replies handles what is answered to requests of rsagents' tasks. When a catalog
// changed after a request was made of it, the change's events may have been
// overtaken: rsagents then tells what is true now once more, also when the reply
// belongs to a cancelled job.
type Replies struct {
	catalogs Catalogs
	tasks    synctask.Dispatcher
	bus      eventbus.Publisher
}

// NewReplies returns the use cases; bus carries corrections.
func NewReplies(catalogs Catalogs, tasks synctask.Dispatcher, bus eventbus.Publisher) *Replies {
	return &Replies{catalogs: catalogs, tasks: tasks, bus: bus}
}

// Bulk handles a task's reply about a bulk of packages.
func (r *Replies) Bulk(ctx context.Context, _ rsevent.Reply, msg *eventbus.Message) error {
	return synctask.Dispatch(ctx, r.tasks, msg)
}

// Package handles rsadaptor's reply about one package.
func (r *Replies) Package(ctx context.Context, reply rsevent.Reply, msg *eventbus.Message) error {
	return r.settle(ctx, reply, msg, func(name string) (ispID, key, eventType string, now payloadOf) {
		ispID, id, _ := strings.Cut(name, ":")
		return ispID, id, rsevent.TypeRSAgentPackageCreated, func(c *domain.Catalog) (any, bool) {
			pkg, found := c.Packages[id]
			return rsevent.RSAgentPackageCreated{Package: pkg}, found
		}
	})
}

// Versions handles rsadaptor's reply about an ISP's list of packages.
func (r *Replies) Versions(ctx context.Context, reply rsevent.Reply, msg *eventbus.Message) error {
	return r.settle(ctx, reply, msg, func(ispID string) (string, string, string, payloadOf) {
		return ispID, ispID, rsevent.TypeRSAgentsUpdated, func(c *domain.Catalog) (any, bool) {
			return c.Versions(ispID), true
		}
	})
}

// Defaults handles rsadaptor's reply about an ISP's default packages.
func (r *Replies) Defaults(ctx context.Context, reply rsevent.Reply, msg *eventbus.Message) error {
	return r.settle(ctx, reply, msg, func(ispID string) (string, string, string, payloadOf) {
		return ispID, ispID, rsevent.TypeRSDefaultAgentsUpdated, func(c *domain.Catalog) (any, bool) {
			return c.DefaultVersions(ispID), true
		}
	})
}

// payloadOf is what a catalog tells of the subject of a request, if it still has it.
type payloadOf func(*domain.Catalog) (payload any, found bool)

// settle tells what is true now when a request's subject, which of takes from its
// name, is not what the request said any more. Then the task gets its reply.
func (r *Replies) settle(ctx context.Context, reply rsevent.Reply, msg *eventbus.Message,
	of func(name string) (ispID, key, eventType string, now payloadOf),
) error {
	name, digest, ok := synctask.Split(reply.RequestID)
	if !ok {
		return synctask.Dispatch(ctx, r.tasks, msg)
	}
	ispID, key, eventType, now := of(name)
	err := synctask.Settle(ctx, r.bus, digest, func(ctx context.Context) (string, *eventbus.Message, error) {
		catalog, err := lookup(ctx, r.catalogs, ispID)
		if err != nil {
			return "", nil, fmt.Errorf("rsagents: catalog: %w", err)
		}
		payload, found := now(&catalog)
		if !found {
			return "", nil, nil
		}
		current, err := synctask.Digest(payload)
		if err != nil {
			return "", nil, err
		}
		event, err := eventbus.NewMessage(rsevent.TopicAgent, eventType, key, payload)
		return current, event, err
	})
	if err != nil {
		return err
	}
	return synctask.Dispatch(ctx, r.tasks, msg)
}
