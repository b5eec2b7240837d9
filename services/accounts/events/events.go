// Package events is the event driver of accounts: one callback for each event that it
// follows, each calling one use case.
package events

import (
	"context"
	"errors"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/input"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/accounts/usecase"
)

// Registries returns what accounts listens to.
func Registries(app *usecase.App) ([]eventbus.Registry, error) {
	c := callbacks{app}
	configuration, commands, activity := eventbus.NewMux(), eventbus.NewMux(), eventbus.NewMux()
	err := errors.Join(
		eventbus.Handle(configuration, rsevent.TypeISPGlobalConfigurationsCreated, c.configured),
		eventbus.Handle(configuration, rsevent.TypeISPGlobalConfigurationsUpdated, c.configured),
		eventbus.Handle(commands, rsevent.TypePostDevice, c.postDevice),
		eventbus.Handle(commands, rsevent.TypePatchDevice, c.patchDevice),
		eventbus.Handle(activity, rsevent.TypeRSDeviceEventConnected, c.connected),
	)
	return []eventbus.Registry{
		{Topic: rsevent.TopicConfiguration, Callback: configuration},
		{Topic: rsevent.TopicProvisionCommand, Callback: commands},
		{Topic: rsevent.TopicEvent, Callback: activity},
	}, err
}

type callbacks struct{ app *usecase.App }

func (c callbacks) configured(ctx context.Context, ev eventbus.Event[rsevent.ISPGlobalConfigurations]) error {
	return c.app.ConfigureISP(ctx, ev.Data.ISPID, ev.Data.Configuration)
}

func (c callbacks) postDevice(ctx context.Context, ev eventbus.Event[rsevent.PostDevice]) error {
	return judge(c.app.PostDevice(ctx, ev.Data.Device))
}

func (c callbacks) patchDevice(ctx context.Context, ev eventbus.Event[rsevent.PatchDevice]) error {
	return judge(c.app.ReportDevice(ctx, ev.Data.AccountID, ev.Data.DeviceID, ev.Data.Patch))
}

func (c callbacks) connected(ctx context.Context, ev eventbus.Event[rsevent.RSDeviceEventConnected]) error {
	return judge(c.app.DeviceConnected(ctx, ev.Data.AccountID, ev.Data.DeviceID, ev.Data.Timestamp))
}

// judge marks what no repetition can cure: a command that is wrong in itself.
func judge(err error) error {
	var wrong *input.Error
	if errors.As(err, &wrong) || errors.Is(err, docstore.ErrNotFound) || errors.Is(err, docstore.ErrExists) {
		return eventbus.Permanent(err)
	}
	return err
}
