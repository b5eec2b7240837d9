package rsevent_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

func TestResolveServicesFieldByField(t *testing.T) {
	isp := &rsevent.Services{
		ContentFiltering: &rsevent.Service{Enabled: new(true), BlockingPageURL: new("https://isp.example/blocked")},
		ThreatProtection: &rsevent.Service{Enabled: new(true), BlockingPageURL: new("https://isp.example/threat")},
	}
	account := &rsevent.Services{ContentFiltering: &rsevent.Service{Enabled: new(false)}}
	user := &rsevent.Services{ThreatProtection: &rsevent.Service{BlockingPageURL: new("")}}

	got := rsevent.ResolveServices(nil, user, account, isp)

	assert.False(t, *got.ContentFiltering.Enabled, "the account is more specific than the ISP")
	assert.Equal(t, "https://isp.example/blocked", *got.ContentFiltering.BlockingPageURL, "inherited")
	assert.True(t, *got.ThreatProtection.Enabled, "inherited")
	assert.Empty(t, *got.ThreatProtection.BlockingPageURL, "hidden by the user")

	*got.ThreatProtection.Enabled = false
	assert.True(t, *isp.ThreatProtection.Enabled, "the result shares no memory")
}

func TestResolveServicesOfNothing(t *testing.T) {
	got := rsevent.ResolveServices()

	assert.False(t, *got.ContentFiltering.Enabled)
	assert.Empty(t, *got.ContentFiltering.BlockingPageURL)
	assert.False(t, *got.ThreatProtection.Enabled)
	assert.Empty(t, *got.ThreatProtection.BlockingPageURL)
}
