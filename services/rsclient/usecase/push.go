package usecase

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

// Push sends configurations to the backend again, as the tasks of a full sync
// but asked for by nobody: what changed concerns many devices at once.
type Push struct {
	tasks Tasks
}

// NewPush returns the use cases over tasks.
func NewPush(tasks Tasks) *Push { return &Push{tasks: tasks} }

// ISP pushes every device of an ISP. A push with the same cause happens once.
func (p *Push) ISP(ctx context.Context, ispID, cause string) error {
	return p.start(ctx, TaskSyncAccounts, cause, rsevent.RSSyncAccounts{ISPID: ispID})
}

// Accounts pushes every device of some accounts of an ISP, once for a cause.
func (p *Push) Accounts(ctx context.Context, ispID string, accountIDs []string, cause string) error {
	return p.start(ctx, TaskSyncAccountsBulk, cause, rsevent.RSSyncAccountsBulk{ISPID: ispID, AccountIDs: accountIDs})
}

func (p *Push) start(ctx context.Context, taskType, cause string, request any) error {
	payload, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("rsclient: push: %w", err)
	}
	_, err = p.tasks.Start(ctx, asynctask.StartOptions{
		Type: taskType, RequestID: "push/" + cause, Payload: payload,
	})
	if err != nil {
		return fmt.Errorf("rsclient: push: %w", err)
	}
	return nil
}
