// Package events is the event driver of rsevents: one callback for each report of the
// HomeSecure backend, each calling one use case.
package events

import (
	"context"
	"errors"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/input"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rsevents/usecase"
)

// Registries returns what rsevents listens to, as an external client.
func Registries(reports *usecase.Reports) ([]eventbus.Registry, error) {
	mux := eventbus.NewMux()
	err := errors.Join(
		eventbus.Handle(mux, rsevent.TypeHSDeviceConnected, call(reports.Connected)),
		eventbus.Handle(mux, rsevent.TypeHSDeviceNew, call(reports.Found)),
		eventbus.Handle(mux, rsevent.TypeHSDeviceActive, call(reports.Activity)),
		eventbus.Handle(mux, rsevent.TypeHSWebSessionPage, call(reports.Visited)),
	)
	return []eventbus.Registry{{Topic: rsevent.TopicHSEvent, Callback: mux}}, err
}

// call returns the callback that runs a use case. What is wrong with a report does
// not get better by waiting.
func call[T any](use func(context.Context, usecase.Source, T) error) func(context.Context, eventbus.Event[T]) error {
	return func(ctx context.Context, ev eventbus.Event[T]) error {
		err := use(ctx, usecase.Source{ID: ev.ID, EventType: ev.EventType}, ev.Data)
		if _, wrong := errors.AsType[*input.Error](err); wrong {
			return eventbus.Permanent(err)
		}
		return err
	}
}
