package rsmodels_test

import (
	"encoding/json"
	"time"

	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

// The events that tests build documents from.

func television() rsevent.ResolvedDevice {
	return rsevent.ResolvedDevice{
		Device: rsevent.Device{
			DeviceID: "dev-0001", AccountID: "acc-0001", ISPID: "isp-north", UserID: "usr-1",
			Kind: rsevent.KindDevice, Name: "Телевизор & co", MAC: "A4-83-E7-00-11-22", Hostname: "tv-living-room", IsIoT: true,
			Services: &rsevent.Services{
				ContentFiltering: &rsevent.Service{Enabled: new(true), BlockingPageURL: new("https://block.isp-north.example/page?a=1&b=2")},
				ThreatProtection: &rsevent.Service{Enabled: new(false)},
			},
			ActRules: []json.RawMessage{json.RawMessage(`{ "to": "22:00", "days": ["sat", "sun"], "from": "07:00", "weight": 1.50 }`)},
		},
		Action: rsevent.ActionBlock,
	}
}

func router() rsevent.ResolvedDevice {
	return rsevent.ResolvedDevice{
		Device: rsevent.Device{
			DeviceID: "rtr-0001", AccountID: "acc-0001", ISPID: "isp-north",
			Kind: rsevent.KindRouter, Name: "路由器", MAC: "b0:be:76:aa:bb:cc",
			Identifiers:     []string{"SN-20260101-7", "gpon:HWTC12345678"},
			FeatureFlags:    map[string]bool{"wpa3": true, "dns_over_tls": false},
			UploadIntervals: map[string]int{"sessions": 300, "inventory": 3600},
			Agent:           &rsevent.Agent{Target: "mt7621-openwrt", Version: "4.1.0"},
		},
		TargetAgentPackage: "pkg-0002",
		Enabled:            new(false),
	}
}

func agentPackages() []rsevent.AgentPackage {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("EET", 2*60*60))
	sum := "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	return []rsevent.AgentPackage{
		{AgentPackageID: "pkg-0002", ISPID: "isp-north", Target: "mt7621-openwrt", Version: "4.2.0", URL: "https://agents.example/4.2.0.ipk", SHA256: sum, Size: 1843200, CreatedAt: at},
		{AgentPackageID: "pkg-0001", ISPID: "isp-north", Target: "bcm6755-rdk", Version: "4.2.0-rc.1+b7", URL: "https://agents.example/4.2.0-rc.1.tgz", SHA256: sum, Size: 2097152, CreatedAt: at},
	}
}

func protection() rsevent.RSRouterProtectionUpdated {
	return rsevent.RSRouterProtectionUpdated{
		ISPID: "isp-north", Enabled: true,
		DNSAllowedList: []string{"9.9.9.9", "2620:FE::00fe"},
		AllowedList:    []string{"192.0.2.17", "10.1.2.3/8", "2001:DB8::/32"},
	}
}

func general() rsevent.RSSystemUpdated {
	return rsevent.RSSystemUpdated{ISPID: "isp-north", General: map[string]json.RawMessage{
		"zone":      json.RawMessage(`"Europe/Helsinki"`),
		"telemetry": json.RawMessage(`{"rate": 0.10, "big": 12345678901234567890, "alias": null}`),
	}}
}

func defaults() rsevent.RSDefaultAgentsUpdated {
	return rsevent.RSDefaultAgentsUpdated{ISPID: "isp-north", Defaults: map[string]string{
		"mt7621-openwrt": "pkg-0002", "bcm6755-rdk": "pkg-0001",
	}}
}
