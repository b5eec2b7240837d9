package usecase_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rsclient/domain"
)

// backendModel is what the backend holds after the events that were told in order.
type backendModel map[string]rsevent.ResolvedDevice

func (b backendModel) apply(t require.TestingT, m *eventbus.Message) {
	decode := func(into any) { require.NoError(t, json.Unmarshal(m.Payload, into)) }
	switch m.EventType {
	case rsevent.TypeRSDeviceCreated, rsevent.TypeRSDeviceUpdated, rsevent.TypeRSRouterUploadIntervalsUpdated:
		var e rsevent.RSDevice
		decode(&e)
		if len(e.Device.FeatureFlags) == 0 { // no flags in an update leave those there are
			e.Device.FeatureFlags = b[e.Device.DeviceID].Device.FeatureFlags
		}
		b[e.Device.DeviceID] = e.ResolvedDevice
	case rsevent.TypeRSDeviceDeleted:
		var e rsevent.RSDevice
		decode(&e)
		delete(b, e.Device.DeviceID)
	case rsevent.TypeRSDeviceAction:
		var e rsevent.RSDeviceAction
		decode(&e)
		b[e.DeviceID] = rsevent.ResolvedDevice{Device: *e.Device, Action: e.Action}
	case rsevent.TypeRSCustomFlagsUpdated:
		var e rsevent.RSCustomFlagsUpdated
		decode(&e)
		held, there := b[e.DeviceID]
		require.True(t, there, "flags of a router that was never told of")
		held.Device.FeatureFlags = e.FeatureFlags
		b[e.DeviceID] = held
	case rsevent.TypeRSUserUpdated:
		var e rsevent.RSUserUpdated
		decode(&e)
		for _, d := range e.Devices {
			b[d.Device.DeviceID] = d
		}
	}
}

// news is one event of the core as a use case call.
type news struct {
	name string
	do   func(f *fixture, rev domain.Revision) error
}

func newsGenerator() *rapid.Generator[news] {
	return rapid.Custom(func(t *rapid.T) news {
		ctx := context.Background()
		deleted := rapid.IntRange(0, 4).Draw(t, "deleted") == 0
		services := filtering(rapid.Bool().Draw(t, "filtering"))
		switch rapid.SampledFrom([]string{"account", "user", "device", "device", "router"}).Draw(t, "kind") {
		case "account":
			a := account()
			if deleted {
				return news{"no account", func(f *fixture, rev domain.Revision) error { return f.DeleteAccount(ctx, a, rev) }}
			}
			a.Services = services
			if rapid.Bool().Draw(t, "suspended") {
				suspended(&a)
			}
			return news{"account " + a.Status, func(f *fixture, rev domain.Revision) error { return f.SaveAccount(ctx, a, rev) }}
		case "user":
			if deleted {
				return news{"no user", func(f *fixture, rev domain.Revision) error { return f.DeleteUser(ctx, user(nil), rev) }}
			}
			return news{"user", func(f *fixture, rev domain.Revision) error { return f.SaveUser(ctx, user(services), rev) }}
		default:
			d := router()
			d.DeviceID = fmt.Sprintf("r%d", rapid.IntRange(1, 2).Draw(t, "id"))
			if rapid.Bool().Draw(t, "phone") {
				d = phone()
			}
			d.Name = rapid.SampledFrom([]string{"A", "B"}).Draw(t, "name")
			if d.Kind == rsevent.KindRouter && rapid.Bool().Draw(t, "flags") {
				d.FeatureFlags = map[string]bool{"dns": rapid.Bool().Draw(t, "dns")}
			} else {
				d.FeatureFlags = nil
			}
			if deleted {
				return news{"no " + d.DeviceID, func(f *fixture, rev domain.Revision) error { return f.DeleteDevice(ctx, d, rev) }}
			}
			return news{d.DeviceID, func(f *fixture, rev domain.Revision) error { return f.SaveDevice(ctx, d, rev) }}
		}
	})
}

// TestAnyDeliveryOrderConverges delivers a history out of order and partly twice,
// with crashes at any write, after which the event comes again: what the backend is
// told must add up to what the newest news say.
func TestAnyDeliveryOrderConverges(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		history := rapid.SliceOfN(newsGenerator(), 1, 12).Draw(rt, "history")
		order := make([]int, 0, 2*len(history))
		for i := range history {
			order = append(order, i)
		}
		for range rapid.IntRange(0, len(history)).Draw(rt, "repeats") {
			order = append(order, rapid.IntRange(0, len(history)-1).Draw(rt, "again"))
		}
		order = rapid.Permutation(order).Draw(rt, "order")

		inOrder, shuffled := newFixture(t), newFixture(t)
		fuse := shuffled.fused()
		for i, n := range history {
			require.NoError(rt, n.do(inOrder, at(i+1)), n.name)
		}
		for _, i := range order {
			fuse.left = rapid.IntRange(-1, 4).Draw(rt, "crash")
			fuse.late = rapid.Bool().Draw(rt, "after the write")
			err := history[i].do(shuffled, at(i+1))
			fuse.left = -1
			if errors.Is(err, errCrash) {
				err = history[i].do(shuffled, at(i+1))
			}
			require.NoError(rt, err, history[i].name)
		}
		want := devicesOf(rt, inOrder)
		require.Equal(rt, want, devicesOf(rt, shuffled), "the copies")
		require.Equal(rt, want, backendOf(rt, shuffled), "what the backend was told, out of order")
		require.Equal(rt, want, backendOf(rt, inOrder), "what the backend was told, in order")
	})
}

// backendOf replays what was told.
func backendOf(t require.TestingT, f *fixture) map[string]string {
	require.NoError(t, f.docs.Flush(context.Background()))
	model := backendModel{}
	for _, m := range f.bus.Take() {
		model.apply(t, m)
	}
	return texts(t, model)
}

// devicesOf is what follows from the copies.
func devicesOf(t require.TestingT, f *fixture) map[string]string {
	model := backendModel{}
	for _, id := range []string{"d1", "r1", "r2"} {
		view, err := f.viewer.Device(context.Background(), isp, "a1", id)
		if err == nil {
			model[id] = view.ResolvedDevice
		}
	}
	return texts(t, model)
}

func texts(t require.TestingT, model backendModel) map[string]string {
	out := map[string]string{}
	for id, d := range model {
		if len(d.Device.FeatureFlags) == 0 {
			d.Device.FeatureFlags = nil
		}
		raw, err := json.Marshal(d)
		require.NoError(t, err)
		out[id] = string(raw)
	}
	return out
}
