package rsevent_test

import (
	"testing"
	"time"

	"github.com/go-playground/validator/v10"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

func device() rsevent.Device {
	return rsevent.Device{
		DeviceID: "dev-1", AccountID: "acc-1", ISPID: "isp-1", Kind: rsevent.KindDevice,
		Name: "Телевизор", MAC: "a4:83:e7:00:11:22",
	}
}

func agentPackage() rsevent.AgentPackage {
	return rsevent.AgentPackage{
		AgentPackageID: "pkg-1", ISPID: "isp-1", Target: "mt7621-openwrt", Version: "4.2.0-rc.1",
		URL:    "https://agents.example.net/4.2.0.ipk",
		SHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
		Size:   1 << 20, CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
}

func TestValidateReportsEveryViolationWithItsPath(t *testing.T) {
	d := device()
	d.MAC, d.Kind = "nonsense", "toaster"
	d.Services = &rsevent.Services{ContentFiltering: &rsevent.Service{BlockingPageURL: new("ftp://secret.example")}}
	d.Identifiers = []string{"sn-1", "sn-1"}

	err := rsevent.Validate(rsevent.RSDevice{
		Request:        rsevent.Request{RequestID: "r1"},
		ResolvedDevice: rsevent.ResolvedDevice{Device: d, Action: "dance"},
	})

	require.ErrorIs(t, err, rsevent.ErrInvalid)
	for _, want := range []string{
		"reply_topic: required_with=RequestID", "device.kind: oneof", "device.mac: mac", "device.identifiers: unique",
		"device.services.content_filtering.blocking_page_url: ", "action: oneof",
	} {
		assert.ErrorContains(t, err, want)
	}
	assert.NotContains(t, err.Error(), "secret", "values are not repeated")
}

func TestValidate(t *testing.T) {
	badMAC := device()
	badMAC.MAC = ""
	badPackage := agentPackage()
	badPackage.SHA256, badPackage.Version = "beef", "four"
	header := rsevent.JobRequest{RequestID: "t/s/1", JobID: "j", ReplyTopic: rsevent.TopicClientReply}

	for name, tc := range map[string]struct {
		payload any
		bad     []string
	}{
		"device":                  {payload: device()},
		"device without MAC":      {payload: badMAC, bad: []string{"mac: required"}},
		"package":                 {payload: agentPackage()},
		"bad package":             {payload: badPackage, bad: []string{"sha256: sha256", "version: semver"}},
		"empty account":           {payload: rsevent.Account{}, bad: []string{"account_id: required", "isp_id: required", "name: required", "status: required"}},
		"blocking page may be no": {payload: rsevent.Services{ThreatProtection: &rsevent.Service{BlockingPageURL: new("")}}},
		"unanswered event":        {payload: rsevent.RSDevice{ResolvedDevice: rsevent.ResolvedDevice{Device: device()}}},
		"sync":                    {payload: rsevent.RSSyncAccounts{JobRequest: header, ISPID: "isp-1"}},
		"sync without a header": {
			payload: rsevent.RSSyncAccounts{ISPID: "isp-1"}, bad: []string{"request_id: required", "job_id: required", "reply_topic: required"},
		},
		"lists": {payload: rsevent.RSRouterProtectionUpdated{
			ISPID: "isp-1", DNSAllowedList: []string{"9.9.9.9", "2620:fe::fe"}, AllowedList: []string{"10.0.0.0/8", "192.0.2.1"},
		}},
		"bad lists": {
			payload: rsevent.RSRouterProtectionUpdated{ISPID: "isp-1", DNSAllowedList: []string{"10.0.0.0/8"}, AllowedList: []string{"10.0.0.0/99"}},
			bad:     []string{"dns_allowed_list[0]: ip", "allowed_list[0]: ip|cidr"},
		},
		"failed reply without reason": {
			payload: rsevent.Reply{RequestID: "r", Status: rsevent.StatusFailed}, bad: []string{"error: required_if"},
		},
		"ok reply":         {payload: rsevent.ReplyTo(rsevent.Request{RequestID: "r", JobID: "j"}, rsevent.StatusOK)},
		"path in an id":    {payload: rsevent.RSCustomFlagsUpdated{DeviceID: "a/b", AccountID: "a", FeatureFlags: map[string]bool{}}, bad: []string{"device_id: excludesall"}},
		"not even a value": {payload: 7, bad: []string{"invalid int: struct"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := rsevent.Validate(tc.payload)
			if len(tc.bad) == 0 {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, rsevent.ErrInvalid)
			for _, want := range tc.bad {
				assert.ErrorContains(t, err, want)
			}
		})
	}
}

func TestTagsAreTheLibrarysOwn(t *testing.T) {
	for _, event := range rsevent.Catalog() {
		assert.NotPanics(t, func() { _ = validator.New().Struct(event.Payload) }, event.Type)
	}
}
