// Package usecase holds what customconfig does. Each method is one use case; it
// stores its effect and the events of it in one step.
package usecase

import (
	"context"
	"errors"
	"reflect"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

// Configurations are the global configurations of the internet providers, one each.
type Configurations struct {
	docs *docstore.Collection[rsevent.ISPConfiguration]
}

// NewConfigurations returns the use cases over a collection whose ids are ISP ids.
func NewConfigurations(docs *docstore.Collection[rsevent.ISPConfiguration]) *Configurations {
	return &Configurations{docs: docs}
}

// Get returns a provider's configuration; one that was never put is empty.
func (c *Configurations) Get(ctx context.Context, ispID string) (rsevent.ISPConfiguration, error) {
	doc, err := c.docs.Get(ctx, ispID)
	if errors.Is(err, docstore.ErrNotFound) {
		return rsevent.ISPConfiguration{}, nil
	}
	return doc.Value, err
}

// Put replaces a provider's configuration and publishes it. An equal one is neither
// stored nor published again: to every consumer it would mean the whole work anew.
func (c *Configurations) Put(ctx context.Context, ispID string, cfg rsevent.ISPConfiguration) error {
	_, err := c.docs.Upsert(ctx, ispID, func(stored *rsevent.ISPConfiguration, found bool) ([]*eventbus.Message, error) {
		if found && reflect.DeepEqual(*stored, cfg) {
			return nil, docstore.Keep
		}
		*stored = cfg
		eventType := rsevent.TypeISPGlobalConfigurationsCreated
		if found {
			eventType = rsevent.TypeISPGlobalConfigurationsUpdated
		}
		payload := rsevent.ISPGlobalConfigurations{ISPID: ispID, Configuration: cfg}
		msg, err := eventbus.NewMessage(rsevent.TopicConfiguration, eventType, ispID, payload)
		return []*eventbus.Message{msg}, err
	})
	return err
}
