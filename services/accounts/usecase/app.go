// Package usecase holds what accounts does. Each exported method of App is one use
// case. A use case that is interrupted leaves a state that Maintain finishes:
// nothing is half done for good.
//
// Calls on behalf of an internet provider name it; what belongs to another provider
// does not exist for them (docstore.ErrNotFound). Errors about input are *input.Error.
package usecase

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/accounts/domain"
)

// App holds what the use cases share. It may be used concurrently.
type App struct {
	accounts *docstore.Collection[domain.Account]
	users    *docstore.Collection[rsevent.User]
	devices  *docstore.Collection[domain.Device]
	isps     *docstore.Collection[domain.ISP]
	cfg      Config
	wake     chan struct{} // tells RunMaintenance that there is work
}

// Config tunes the use cases.
type Config struct {
	AlertBefore time.Duration    // how long before its deletion a device's owner is warned; default 3 days
	Now         func() time.Time // default time.Now
	Log         *slog.Logger     // default slog.Default
}

// New returns the use cases over a store.
func New(store *docstore.Store, cfg Config) *App {
	if cfg.AlertBefore <= 0 {
		cfg.AlertBefore = 72 * time.Hour
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	return &App{
		accounts: docstore.NewCollection(store, "accounts",
			docstore.IndexBy("isp_id", func(a domain.Account) string { return a.ISPID }),
			docstore.IndexBy("state", func(a domain.Account) string { return string(a.State) })),
		users: docstore.NewCollection(store, "users",
			docstore.IndexBy("account_id", func(u rsevent.User) string { return u.AccountID })),
		devices: docstore.NewCollection(store, "devices",
			docstore.IndexBy("account_id", func(d domain.Device) string { return d.AccountID }),
			docstore.IndexBy("user_id", func(d domain.Device) string { return d.UserID }),
			docstore.IndexBy("deletion", deletionKey)),
		isps: docstore.NewCollection(store, "isps",
			docstore.IndexBy("recalculate", func(i domain.ISP) string {
				if i.Recalculate {
					return "yes"
				}
				return ""
			})),
		cfg:  cfg,
		wake: make(chan struct{}, 1),
	}
}

// deletionKey makes deletion timestamps comparable as strings.
func deletionKey(d domain.Device) string {
	if d.Internal == nil || d.Internal.DeletionTimestamp == nil {
		return ""
	}
	return d.Internal.DeletionTimestamp.UTC().Format(time.RFC3339)
}

// account returns a living account of that provider.
func (a *App) account(ctx context.Context, ispID, accountID string) (docstore.Document[domain.Account], error) {
	doc, err := a.living(ctx, accountID)
	if err == nil && doc.Value.ISPID != ispID {
		err = notFound("account", accountID)
	}
	return doc, err
}

// living returns an account of any provider.
func (a *App) living(ctx context.Context, accountID string) (docstore.Document[domain.Account], error) {
	doc, err := a.accounts.Get(ctx, accountID)
	if err == nil && doc.Value.Gone() {
		err = notFound("account", accountID)
	}
	return doc, err
}

func notFound(kind, id string) error {
	return fmt.Errorf("%w: %s %s", docstore.ErrNotFound, kind, id)
}

// provisioned returns an event on the provision topic.
func provisioned(eventType, accountID string, payload any) ([]*eventbus.Message, error) {
	msg, err := eventbus.NewMessage(rsevent.TopicProvision, eventType, accountID, payload)
	if err != nil {
		return nil, err
	}
	return []*eventbus.Message{msg}, nil
}
