package usecase

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/internal/synctask"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rsagents/domain"
)

// Types of the tasks that make up rsagents' part of a full sync.
const (
	TaskSyncAgentPackages     = "SyncAgentPackages"
	TaskSyncAgentPackagesBulk = "SyncAgentPackagesBulk"
)

// SyncConfig sizes a full sync. Every field must be set.
type SyncConfig struct {
	BulkSize int           // agent packages that one bulk replays
	Timeout  time.Duration // how long rsadaptor may take to answer before it is asked again
	Attempts int           // how often it is asked
}

// Definitions are the tasks over the catalogs. A package that the backend refuses
// does not keep the lists from being replayed: the reply's counts tell of it.
func Definitions(catalogs Catalogs, cfg SyncConfig) []asynctask.Definition {
	retry := asynctask.Retry{Attempts: cfg.Attempts, Backoff: time.Second}
	s := syncer{catalogs: catalogs, bulk: cfg.BulkSize}
	return []asynctask.Definition{{
		Type: TaskSyncAgentPackages, ReplyEvent: rsevent.TypeRSSyncAgentPackagesReply,
		Steps: []asynctask.Step{{
			Name: "bulks", Requests: s.bulks, ReplyTopic: rsevent.TopicAgentsReply,
			ReplyEvents: []string{rsevent.TypeRSSyncAgentPackagesBulkReply},
			Policy:      asynctask.AtMostPercent(100),
		}, {
			Name: "versions", Requests: s.versions, ReplyTopic: rsevent.TopicAdaptorReply,
			ReplyEvents: []string{rsevent.TypeRSAgentsUpdatedReply},
			Timeout:     cfg.Timeout, Retry: retry, Policy: asynctask.AtMostPercent(100),
		}, {
			Name: "defaults", Requests: s.defaults, ReplyTopic: rsevent.TopicAdaptorReply,
			ReplyEvents: []string{rsevent.TypeRSDefaultAgentsUpdatedReply},
			Timeout:     cfg.Timeout, Retry: retry,
		}},
	}, {
		Type: TaskSyncAgentPackagesBulk, ReplyEvent: rsevent.TypeRSSyncAgentPackagesBulkReply,
		Steps: []asynctask.Step{{
			Name: "packages", Requests: s.packages, ReplyTopic: rsevent.TopicAdaptorReply,
			ReplyEvents: []string{rsevent.TypeRSAgentPackageCreatedReply},
			Timeout:     cfg.Timeout, Retry: retry,
		}},
	}}
}

type syncer struct {
	catalogs Catalogs
	bulk     int
}

// of returns the catalog of the ISP whose task it is.
func (s syncer) of(ctx context.Context, task asynctask.Task) (domain.Catalog, string, error) {
	request, err := synctask.Payload[rsevent.RSSyncAgentPackages](task)
	if err != nil {
		return domain.Catalog{}, "", err
	}
	catalog, err := lookup(ctx, s.catalogs, request.ISPID)
	if err != nil {
		return domain.Catalog{}, "", fmt.Errorf("rsagents: catalog: %w", err)
	}
	return catalog, request.ISPID, nil
}

func (s syncer) bulks(ctx context.Context, task asynctask.Task) synctask.Requests {
	catalog, ispID, err := s.of(ctx, task)
	if err != nil {
		return synctask.Fail(err)
	}
	var all []asynctask.Request
	for ids := range slices.Chunk(catalog.IDs(), s.bulk) {
		all = append(all, asynctask.Request{
			Name: "bulk", Topic: rsevent.TopicAgentsRequest, EventType: rsevent.TypeRSSyncAgentPackagesBulk,
			Payload: rsevent.RSSyncAgentPackagesBulk{ISPID: ispID, AgentPackageIDs: ids},
		})
	}
	return synctask.Each(all...)
}

func (s syncer) versions(ctx context.Context, task asynctask.Task) synctask.Requests {
	catalog, ispID, err := s.of(ctx, task)
	if err != nil {
		return synctask.Fail(err)
	}
	return synctask.Each(asynctask.Request{
		Name: ispID, Topic: rsevent.TopicAgent, EventType: rsevent.TypeRSAgentsUpdated,
		Key: ispID, Payload: catalog.Versions(ispID),
	})
}

func (s syncer) defaults(ctx context.Context, task asynctask.Task) synctask.Requests {
	catalog, ispID, err := s.of(ctx, task)
	if err != nil {
		return synctask.Fail(err)
	}
	return synctask.Each(asynctask.Request{
		Name: ispID, Topic: rsevent.TopicAgent, EventType: rsevent.TypeRSDefaultAgentsUpdated,
		Key: ispID, Payload: catalog.DefaultVersions(ispID),
	})
}

// packages yields those packages of a bulk that still exist.
func (s syncer) packages(ctx context.Context, task asynctask.Task) synctask.Requests {
	request, err := synctask.Payload[rsevent.RSSyncAgentPackagesBulk](task)
	if err != nil {
		return synctask.Fail(err)
	}
	catalog, err := lookup(ctx, s.catalogs, request.ISPID)
	if err != nil {
		return synctask.Fail(fmt.Errorf("rsagents: catalog: %w", err))
	}
	var all []asynctask.Request
	for _, id := range request.AgentPackageIDs {
		pkg, found := catalog.Packages[id]
		if !found {
			continue
		}
		all = append(all, asynctask.Request{
			Name: request.ISPID + ":" + id, Topic: rsevent.TopicAgent, EventType: rsevent.TypeRSAgentPackageCreated,
			Key: id, Payload: rsevent.RSAgentPackageCreated{Package: pkg},
		})
	}
	return synctask.Each(all...)
}
