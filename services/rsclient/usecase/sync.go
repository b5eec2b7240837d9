package usecase

import (
	"context"
	"fmt"
	"time"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/internal/synctask"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

// Types of the tasks that make up rsclient's part of a full sync.
const (
	TaskSyncSystem       = "SyncSystem"
	TaskSyncAccounts     = "SyncAccounts"
	TaskSyncAccountsBulk = "SyncAccountsBulk"
)

// SyncConfig sizes a full sync. Every field must be set.
type SyncConfig struct {
	BulkSize int           // accounts that one bulk replays; at most 10,000
	Bulks    int           // bulks in flight at once
	Window   int           // devices of one bulk in flight at once
	Timeout  time.Duration // how long rsadaptor may take to answer before it is asked again
	Attempts int           // how often it is asked
}

// Definitions are the tasks over the tables.
func Definitions(tables Tables, cfg SyncConfig) []asynctask.Definition {
	retry := asynctask.Retry{Attempts: cfg.Attempts, Backoff: time.Second}
	return []asynctask.Definition{{
		Type: TaskSyncSystem, ReplyEvent: rsevent.TypeRSSyncSystemReply,
		Steps: []asynctask.Step{{
			Name: "system", Requests: tables.systemRequests, ReplyTopic: rsevent.TopicAdaptorReply,
			ReplyEvents: []string{rsevent.TypeRSSystemUpdatedReply, rsevent.TypeRSRouterProtectionUpdatedReply},
			Timeout:     cfg.Timeout, Retry: retry,
		}},
	}, {
		Type: TaskSyncAccounts, ReplyEvent: rsevent.TypeRSSyncAccountsReply,
		Steps: []asynctask.Step{{
			Name: "bulks", Requests: tables.bulkRequests(cfg.BulkSize), ReplyTopic: rsevent.TopicClientReply,
			ReplyEvents: []string{rsevent.TypeRSSyncAccountsBulkReply}, Window: cfg.Bulks,
		}},
	}, {
		Type: TaskSyncAccountsBulk, ReplyEvent: rsevent.TypeRSSyncAccountsBulkReply,
		Steps: []asynctask.Step{{
			Name: "devices", Requests: tables.deviceRequests, ReplyTopic: rsevent.TopicAdaptorReply,
			ReplyEvents: []string{rsevent.TypeRSDeviceCreatedReply},
			Window:      cfg.Window, Timeout: cfg.Timeout, Retry: retry,
		}},
	}}
}

// systemRequests yields an ISP's settings.
func (t Tables) systemRequests(ctx context.Context, task asynctask.Task) synctask.Requests {
	request, err := synctask.Payload[rsevent.RSSyncSystem](task)
	if err != nil {
		return synctask.Fail(err)
	}
	settings, _, err := lookup(ctx, t.Settings, request.ISPID)
	if err != nil {
		return synctask.Fail(fmt.Errorf("rsclient: settings: %w", err))
	}
	all := make([]asynctask.Request, len(settingsParts))
	for i, part := range settingsParts {
		payload, err := part.payload(settings, request.ISPID)
		if err != nil {
			return synctask.Fail(err)
		}
		all[i] = asynctask.Request{
			Name: part.eventType + ":" + request.ISPID, Topic: rsevent.TopicSystemConfiguration,
			EventType: part.eventType, Key: request.ISPID, Payload: payload,
		}
	}
	return synctask.Each(all...)
}
