// Package events drives management by what the clusters report.
package events

import (
	"context"
	"fmt"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/demeterevent"
)

// App is what the reports are told to.
type App interface {
	ObserveNamespace(ctx context.Context, report demeterevent.NamespaceState) error
	ObservePort(ctx context.Context, report demeterevent.PortState) error
	ObserveHeartbeat(ctx context.Context, beat demeterevent.Heartbeat) error
}

// Registries routes demeter-state-topic to the app, one callback per event type.
// A malformed report is a dead letter; a failed one is tried again.
func Registries(app App) ([]eventbus.Registry, error) {
	mux := eventbus.NewMux()
	if err := route(mux, demeterevent.NamespaceStateChanged, app.ObserveNamespace); err != nil {
		return nil, err
	}
	if err := route(mux, demeterevent.PortStateChanged, app.ObservePort); err != nil {
		return nil, err
	}
	if err := route(mux, demeterevent.ClusterHeartbeat, app.ObserveHeartbeat); err != nil {
		return nil, err
	}
	return []eventbus.Registry{{Topic: demeterevent.StateTopic, Callback: mux}}, nil
}

func route[T any](mux *eventbus.Mux, eventType string, use func(context.Context, T) error) error {
	err := eventbus.Handle(mux, eventType, func(ctx context.Context, ev eventbus.Event[T]) error {
		return use(ctx, ev.Data)
	})
	if err != nil {
		return fmt.Errorf("route %s: %w", eventType, err)
	}
	return nil
}
