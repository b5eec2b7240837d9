// Package events is the event driver of bucketwriter.
package events

import (
	"context"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/bucketwriter/usecase"
)

// Registries returns what bucketwriter listens to.
func Registries(pages *usecase.Pages) ([]eventbus.Registry, error) {
	mux := eventbus.NewMux()
	err := eventbus.Handle(mux, rsevent.TypeWSPRequest,
		func(ctx context.Context, ev eventbus.Event[rsevent.WSPRequest]) error {
			return pages.Keep(ctx, ev.ID, ev.Data)
		})
	return []eventbus.Registry{{Topic: rsevent.TopicBucket, Callback: mux}}, err
}
