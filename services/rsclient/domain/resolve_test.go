package domain_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rsclient/domain"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestResolve(t *testing.T) {
	page := func(url string) *rsevent.Services {
		return &rsevent.Services{ThreatProtection: &rsevent.Service{BlockingPageURL: &url}}
	}
	on := func(on bool) *rsevent.Services {
		return &rsevent.Services{ThreatProtection: &rsevent.Service{Enabled: &on}}
	}
	known := func(s *rsevent.Services) domain.User {
		return domain.User{Value: rsevent.User{UserID: "u", Services: s}, Revision: domain.Revision{Event: "e"}}
	}
	active := rsevent.Account{ISPID: "isp", Status: rsevent.AccountActive, Products: []string{rsevent.ProductRouterSecure}}
	suspended := active
	suspended.Status = rsevent.AccountSuspended
	router := rsevent.Device{Kind: rsevent.KindRouter, Agent: &rsevent.Agent{Target: "mips"}}
	agents := domain.Agents{Defaults: map[string]string{"mips": "p1"}}

	tests := map[string]struct {
		in    domain.Inputs
		check func(*testing.T, rsevent.ResolvedDevice)
	}{
		"nothing set": {domain.Inputs{Account: active}, func(t *testing.T, r rsevent.ResolvedDevice) {
			assert.False(t, *r.Device.Services.ThreatProtection.Enabled)
			assert.Empty(t, *r.Device.Services.ContentFiltering.BlockingPageURL)
			assert.Equal(t, "isp", r.Device.ISPID)
			assert.Empty(t, r.Action)
			assert.Nil(t, r.Enabled)
		}},
		"field by field": {domain.Inputs{
			Device: rsevent.Device{Services: on(true)}, User: known(page("https://user")), Account: active,
			ISP: rsevent.ISPConfiguration{Services: page("https://isp")},
		}, func(t *testing.T, r rsevent.ResolvedDevice) {
			assert.True(t, *r.Device.Services.ThreatProtection.Enabled)
			assert.Equal(t, "https://user", *r.Device.Services.ThreatProtection.BlockingPageURL)
		}},
		"most specific wins": {domain.Inputs{
			Device: rsevent.Device{Services: on(false)}, User: known(on(true)), Account: active,
		}, func(t *testing.T, r rsevent.ResolvedDevice) {
			assert.False(t, *r.Device.Services.ThreatProtection.Enabled)
		}},
		"user that is gone": {domain.Inputs{
			User: domain.User{Value: rsevent.User{Services: on(true)}, Revision: domain.Revision{Event: "e"}, Deleted: true}, Account: active,
		}, func(t *testing.T, r rsevent.ResolvedDevice) {
			assert.False(t, *r.Device.Services.ThreatProtection.Enabled)
		}},
		"suspended device": {domain.Inputs{Account: suspended}, func(t *testing.T, r rsevent.ResolvedDevice) {
			assert.Equal(t, rsevent.ActionBlock, r.Action)
		}},
		"router": {domain.Inputs{Device: router, Account: active, Agents: agents}, func(t *testing.T, r rsevent.ResolvedDevice) {
			assert.Equal(t, new(true), r.Enabled)
			assert.Equal(t, "p1", r.TargetAgentPackage)
			assert.Empty(t, r.Action)
		}},
		"suspended router": {domain.Inputs{Device: router, Account: suspended}, func(t *testing.T, r rsevent.ResolvedDevice) {
			assert.Equal(t, new(false), r.Enabled)
			assert.Empty(t, r.Action)
		}},
		"router without the product": {
			domain.Inputs{Device: router, Account: rsevent.Account{Status: rsevent.AccountActive}},
			func(t *testing.T, r rsevent.ResolvedDevice) { assert.Equal(t, new(false), r.Enabled) },
		},
		"associated router": {
			domain.Inputs{Device: router, Account: active, Agents: agents, Package: "p2"},
			func(t *testing.T, r rsevent.ResolvedDevice) { assert.Equal(t, "p2", r.TargetAgentPackage) },
		},
		"router of another target": {
			domain.Inputs{Device: rsevent.Device{Kind: rsevent.KindRouter, Agent: &rsevent.Agent{Target: "arm"}}, Account: active, Agents: agents},
			func(t *testing.T, r rsevent.ResolvedDevice) { assert.Empty(t, r.TargetAgentPackage) },
		},
		"router without agent": {
			domain.Inputs{Device: rsevent.Device{Kind: rsevent.KindRouter}, Account: active, Agents: agents},
			func(t *testing.T, r rsevent.ResolvedDevice) { assert.Empty(t, r.TargetAgentPackage) },
		},
		"what only the core needs": {
			domain.Inputs{Device: rsevent.Device{
				Internal: &rsevent.Internal{}, ProductData: map[string]rsevent.ProductData{"x": {}},
			}, Account: active},
			func(t *testing.T, r rsevent.ResolvedDevice) {
				assert.Nil(t, r.Device.Internal)
				assert.Nil(t, r.Device.ProductData)
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { tt.check(t, domain.Resolve(tt.in)) })
	}
}

func TestRevisionIsATotalOrder(t *testing.T) {
	old := domain.Revision{Event: "b"}
	assert.True(t, domain.Revision{Event: "c"}.Supersedes(old))
	assert.False(t, old.Supersedes(old), "a redelivered event is no news")
	assert.False(t, domain.Revision{Event: "a"}.Supersedes(old))
	later := domain.Revision{At: old.At.Add(1), Event: "a"}
	assert.True(t, later.Supersedes(old))
	assert.False(t, old.Supersedes(later))
}
