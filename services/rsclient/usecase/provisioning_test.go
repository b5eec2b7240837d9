package usecase_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

func TestProvisioningTellsWhatChanged(t *testing.T) {
	household := func(f *fixture) {
		f.ok(f.SaveAccount(f.t.Context(), account(), f.news()))
		f.ok(f.SaveUser(f.t.Context(), user(nil), f.news()))
		f.ok(f.SaveDevice(f.t.Context(), phone(), f.news()))
		f.ok(f.SaveDevice(f.t.Context(), router(), f.news()))
	}
	saveDevice := func(d rsevent.Device) func(*fixture) {
		return func(f *fixture) { f.ok(f.SaveDevice(f.t.Context(), d, f.news())) }
	}
	saveAccount := func(a rsevent.Account) func(*fixture) {
		return func(f *fixture) { f.ok(f.SaveAccount(f.t.Context(), a, f.news())) }
	}
	tests := map[string]struct {
		given, when func(*fixture)
		want        []string
	}{
		"account": {nil, saveAccount(account()), []string{"ProductIsInstalled:"}},
		"account without the product": {
			nil, saveAccount(account(func(a *rsevent.Account) { a.Products = nil })), []string{},
		},
		"account gets the product": {
			saveAccount(account(func(a *rsevent.Account) { a.Products = nil })), saveAccount(account()),
			[]string{"ProductIsInstalled:"},
		},
		"device":                    {saveAccount(account()), saveDevice(phone()), []string{"RSDeviceCreated:d1"}},
		"device before its account": {nil, saveDevice(phone()), []string{}},
		"account after its devices": {
			func(f *fixture) { saveDevice(phone())(f); saveDevice(router())(f) }, saveAccount(account()),
			[]string{"RSDeviceCreated:d1", "ProductIsInstalled:", "RSDeviceCreated:r1"}, // a topic and key in order
		},
		"same device again": {household, saveDevice(phone()), []string{}},
		"renamed device": {
			household, saveDevice(phone(func(d *rsevent.Device) { d.Name = "New" })), []string{"RSDeviceUpdated:d1"},
		},
		"what only the core needs": {household, saveDevice(phone(func(d *rsevent.Device) {
			d.ProductData = map[string]rsevent.ProductData{rsevent.ProductRouterSecure: {Status: rsevent.ProductStatus{Active: true}}}
		})), []string{}},
		"flags": {household, saveDevice(router(func(d *rsevent.Device) {
			d.FeatureFlags = map[string]bool{"dns": false}
		})), []string{"RSCustomFlagsUpdated:r1"}},
		"upload intervals": {household, saveDevice(router(func(d *rsevent.Device) {
			d.UploadIntervals = map[string]int{"stats": 30}
		})), []string{"RSRouterUploadIntervalsUpdated:r1"}},
		"flags and upload intervals": {household, saveDevice(router(func(d *rsevent.Device) {
			d.FeatureFlags, d.UploadIntervals = map[string]bool{"x": true}, nil
		})), []string{"RSRouterUploadIntervalsUpdated:r1", "RSCustomFlagsUpdated:r1"}},
		"flags and name": {household, saveDevice(router(func(d *rsevent.Device) {
			d.FeatureFlags, d.Name = map[string]bool{"x": true}, "New"
		})), []string{"RSDeviceUpdated:r1"}},
		"no flags any more": {household, saveDevice(router(func(d *rsevent.Device) {
			d.FeatureFlags, d.Name = nil, "New"
		})), []string{"RSDeviceUpdated:r1", "RSCustomFlagsUpdated:r1"}},
		"suspended": {household, saveAccount(account(suspended)), []string{"RSDeviceAction:d1", "RSDeviceUpdated:r1"}},
		"active again": {
			func(f *fixture) { household(f); saveAccount(account(suspended))(f) }, saveAccount(account()),
			[]string{"RSDeviceUpdated:d1", "RSDeviceUpdated:r1"},
		},
		"account's services": {household, saveAccount(account(func(a *rsevent.Account) { a.Services = filtering(true) })), []string{
			"RSDeviceUpdated:d1", "RSDeviceUpdated:r1",
		}},
		"user's services": {household, func(f *fixture) {
			f.ok(f.SaveUser(f.t.Context(), user(filtering(true)), f.news()))
		}, []string{"RSUserUpdated:u1"}},
		"user's name": {household, func(f *fixture) {
			u := user(nil)
			u.Name = "Bea"
			f.ok(f.SaveUser(f.t.Context(), u, f.news()))
		}, []string{}},
		"user after its device": {func(f *fixture) { saveAccount(account())(f); saveDevice(phone())(f) }, func(f *fixture) {
			f.ok(f.SaveUser(f.t.Context(), user(filtering(true)), f.news()))
		}, []string{"RSUserUpdated:u1"}},
		"user is gone": {func(f *fixture) {
			household(f)
			f.ok(f.SaveUser(f.t.Context(), user(filtering(true)), f.news()))
		}, func(f *fixture) {
			f.ok(f.DeleteUser(f.t.Context(), user(nil), f.news()))
		}, []string{"RSUserUpdated:u1"}},
		"device is gone": {household, func(f *fixture) {
			f.ok(f.DeleteDevice(f.t.Context(), phone(), f.news()))
		}, []string{"RSDeviceDeleted:d1"}},
		"account is gone": {household, func(f *fixture) {
			f.ok(f.DeleteAccount(f.t.Context(), account(), f.news()))
		}, []string{"RSDeviceDeleted:d1", "RSDeviceDeleted:r1"}},
		"provision": {nil, func(f *fixture) {
			a := account()
			f.ok(f.Save(f.t.Context(), rsevent.Provision{
				Account: &a, Users: []rsevent.User{user(nil)}, Devices: []rsevent.Device{phone(), router()},
			}, f.news()))
		}, []string{"ProductIsInstalled:", "RSDeviceCreated:d1", "RSDeviceCreated:r1"}},
		"provision is gone": {household, func(f *fixture) {
			a := account()
			f.ok(f.Delete(f.t.Context(), rsevent.Provision{Account: &a, Devices: []rsevent.Device{phone()}}, f.news()))
		}, []string{"RSDeviceDeleted:d1", "RSDeviceDeleted:r1"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			if tt.given != nil {
				tt.given(f)
				f.told()
			}
			tt.when(f)
			assert.Equal(t, tt.want, f.told())
		})
	}
}

func TestStaleNewsChangesNothing(t *testing.T) {
	household := func(f *fixture) {
		f.ok(f.SaveAccount(f.t.Context(), account(), at(10)))
		f.ok(f.SaveUser(f.t.Context(), user(nil), at(10)))
		f.ok(f.SaveDevice(f.t.Context(), phone(), at(10)))
	}
	tests := map[string]struct{ given, when func(*fixture) }{
		"older account": {household, func(f *fixture) { f.ok(f.SaveAccount(f.t.Context(), account(suspended), at(9))) }},
		"same account":  {household, func(f *fixture) { f.ok(f.SaveAccount(f.t.Context(), account(suspended), at(10))) }},
		"older user":    {household, func(f *fixture) { f.ok(f.SaveUser(f.t.Context(), user(filtering(true)), at(9))) }},
		"older device": {household, func(f *fixture) {
			f.ok(f.SaveDevice(f.t.Context(), phone(func(d *rsevent.Device) { d.Name = "Old" }), at(9)))
		}},
		"older deletion":  {household, func(f *fixture) { f.ok(f.DeleteDevice(f.t.Context(), phone(), at(9))) }},
		"older end":       {household, func(f *fixture) { f.ok(f.DeleteAccount(f.t.Context(), account(), at(9))) }},
		"deletion, again": {func(f *fixture) { household(f); f.ok(f.DeleteDevice(f.t.Context(), phone(), at(11))) }, func(f *fixture) { f.ok(f.DeleteDevice(f.t.Context(), phone(), at(11))) }},
		"creation after deletion": {
			func(f *fixture) { household(f); f.ok(f.DeleteDevice(f.t.Context(), phone(), at(12))) },
			func(f *fixture) { f.ok(f.SaveDevice(f.t.Context(), phone(), at(11))) },
		},
		"deletion overtook creation": {
			func(f *fixture) {
				f.ok(f.SaveAccount(f.t.Context(), account(), at(10)))
				f.ok(f.DeleteDevice(f.t.Context(), phone(), at(12)))
			},
			func(f *fixture) { f.ok(f.SaveDevice(f.t.Context(), phone(), at(11))) },
		},
		"device of an ended account": {
			func(f *fixture) { household(f); f.ok(f.DeleteAccount(f.t.Context(), account(), at(12))) },
			func(f *fixture) { f.ok(f.SaveDevice(f.t.Context(), router(), at(11))) },
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			tt.given(f)
			f.told()
			tt.when(f)
			assert.Empty(t, f.told())
		})
	}
}
