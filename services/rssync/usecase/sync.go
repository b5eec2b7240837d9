package usecase

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/synctask"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rssync/domain"
)

// TaskSyncAll is the type of the task that is a full sync.
const TaskSyncAll = "SyncAll"

// syncAll is what the task is started with.
type syncAll struct {
	ISPID string `json:"isp_id"`
}

// Definition is the full sync: system settings, then agent packages, then
// accounts. What one part cannot apply does not keep the others from being
// replayed; the counts tell of it. A job that takes longer than deadline fails.
func Definition(jobs Table[domain.Job], deadline time.Duration, now func() time.Time) asynctask.Definition {
	system := step("system", rsevent.TopicClientReply, rsevent.TypeRSSyncSystemReply,
		rsevent.TopicClientRequest, rsevent.TypeRSSyncSystem,
		func(isp string) any { return rsevent.RSSyncSystem{ISPID: isp} })
	packages := step("agent_packages", rsevent.TopicAgentsReply, rsevent.TypeRSSyncAgentPackagesReply,
		rsevent.TopicAgentsRequest, rsevent.TypeRSSyncAgentPackages,
		func(isp string) any { return rsevent.RSSyncAgentPackages{ISPID: isp} })
	accounts := step("accounts", rsevent.TopicClientReply, rsevent.TypeRSSyncAccountsReply,
		rsevent.TopicClientRequest, rsevent.TypeRSSyncAccounts,
		func(isp string) any { return rsevent.RSSyncAccounts{ISPID: isp} })
	return asynctask.Definition{
		Type: TaskSyncAll, Deadline: deadline, Steps: []asynctask.Step{system, packages, accounts},
		OnEnd: func(ctx context.Context, task asynctask.Task, outcome asynctask.Outcome) error {
			_, err := jobs.Update(ctx, task.JobID, func(j *domain.Job) ([]*eventbus.Message, error) {
				if !j.State.Final() {
					j.End(outcome, now().UTC())
				}
				if outcome.Error != nil && outcome.Error.Code == asynctask.CodeDeadline {
					return cancellations(task.JobID) // the other services know of no deadline
				}
				return nil, nil
			})
			if err != nil {
				return fmt.Errorf("rssync: end of job %s: %w", task.JobID, err)
			}
			return nil
		},
	}
}

// step is one request to one service.
func step(name, replyTopic, replyEvent, topic, eventType string, payload func(ispID string) any) asynctask.Step {
	return asynctask.Step{
		Name: name, ReplyTopic: replyTopic, ReplyEvents: []string{replyEvent},
		Policy: asynctask.AtMostPercent(100),
		Requests: func(_ context.Context, task asynctask.Task) iter.Seq2[asynctask.Request, error] {
			all, err := synctask.Payload[syncAll](task)
			if err != nil {
				return synctask.Fail(err)
			}
			request := asynctask.Request{Name: name, Topic: topic, EventType: eventType, Payload: payload(all.ISPID)}
			return func(yield func(asynctask.Request, error) bool) { yield(request, nil) }
		},
	}
}
