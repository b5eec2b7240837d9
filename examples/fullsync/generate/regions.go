package main

import (
	"encoding/json"

	"github.com/hexplane/hexplane/internal/fullsync/input"
)

// region is where one provider sells: its people, its routers and how it names things.
type region struct {
	provider input.Provider
	short    string // begins the ids of its accounts
	locales  []locale
	routers  []router
	// owned gives a device's name, from the owner's given name and the model's.
	owned func(given, model string) string
	rooms []string
	latin bool     // whether owned takes Latin letters only
	shops []string // with %s for the owner's family name
}

// locale is a stock of names in one language and script.
type locale struct {
	weight       int
	family       []string
	given        []string
	latin        map[string]string // of given names whose script a hostname cannot hold
	familyFirst  bool
	noSpace      bool
	householdFmt string // with %s for the family name
}

// router is a model that a provider hands out.
type router struct {
	name     string
	hostname string
	prefixes []string
	target   string
	oui      string // the maker's, as CWMP spells it
	class    string // CWMP product class
	weight   int
}

func regions() []region { return []region{nordlys(), vertice(), hikari(), dnipro()} }

func nordlys() region {
	return region{
		short: "nor",
		provider: input.Provider{
			ISPID: "nordlys", Name: "Nordlys Fiber",
			Configuration: input.Configuration{
				MaxInactiveDays: 90,
				Services:        services(filter(false, ""), filter(true, "https://nordlys.example/sperret")),
			},
			RouterProtection: input.RouterProtection{
				Enabled:        true,
				DNSAllowedList: []string{"193.75.75.75", "9.9.9.9", "2620:fe::fe"},
				AllowedList:    []string{"193.75.0.0/16", "185.12.64.10"},
			},
			LANProtection:         json.RawMessage(`{"ports_blocked":[23,445,5555],"guest_isolation":true}`),
			AdvancedConfiguration: json.RawMessage(`{"telemetry":{"enabled":true,"sample_rate":0.25},"language":"nb"}`),
			AgentPackages: []input.AgentPackage{
				agentPackage("nordlys", "aarch64-openwrt", "4.2.0", true),
				agentPackage("nordlys", "aarch64-openwrt", "4.3.0-rc1", false),
				agentPackage("nordlys", "mips34kc-fritzos", "4.2.0", true),
				agentPackage("nordlys", "mips24kc-openwrt", "4.1.3", true),
				agentPackage("nordlys", "mips24kc-openwrt", "4.2.0", false),
			},
		},
		locales: []locale{norwegian(), swedish(), finnish(), polish(), arabic()},
		routers: []router{
			{"Zyxel EX5601-T0", "EX5601", []string{"b8:ec:a3", "fc:f5:28"}, "aarch64-openwrt", "B8ECA3", "EX5601-T0", 50},
			{"FRITZ!Box 7590", "fritz.box", []string{"3c:a6:2f", "2c:91:ab"}, "mips34kc-fritzos", "3CA62F", "FRITZ!Box", 30},
			{"TP-Link Archer C7", "ArcherC7", []string{"50:c7:bf", "ec:08:6b"}, "mips24kc-openwrt", "50C7BF", "ArcherC7", 20},
		},
		latin: true,
		owned: func(given, model string) string { return genitive(given) + " " + model },
		rooms: []string{"stue", "kjøkken", "soverom", "gang", "garasje", "hytte", "kontor"},
		shops: []string{"Kafé %s", "Frisør %s", "%s Bakeri", "Tannlege %s"},
	}
}

func vertice() region {
	return region{
		short: "ver",
		provider: input.Provider{
			ISPID: "vertice", Name: "Vértice Telecom",
			Configuration: input.Configuration{
				Services: services(filter(true, "https://bloqueo.vertice.example/contenido"), filter(true, "https://bloqueo.vertice.example/amenaza")),
			},
			RouterProtection: input.RouterProtection{
				Enabled:        true,
				DNSAllowedList: []string{"80.58.61.250", "80.58.61.254"},
				AllowedList:    []string{"80.58.0.0/16", "2a02:9000::/23"},
			},
			LANProtection:         json.RawMessage(`{"ports_blocked":[23],"guest_isolation":false}`),
			AdvancedConfiguration: json.RawMessage(`{"language":"es","support_url":"https://vertice.example/ayuda?canal=router&v=2"}`),
			AgentPackages: []input.AgentPackage{
				agentPackage("vertice", "armv7-rdkb", "3.9.2", true),
				agentPackage("vertice", "armv7-rdkb", "4.0.0", false),
				agentPackage("vertice", "mipsel-linux", "3.9.2", true),
				agentPackage("vertice", "armv7-linux", "3.9.1", true),
			},
		},
		locales: []locale{spanish(), catalan(), romanian(), chinese()},
		routers: []router{
			{"Sagemcom F@st 5657", "sagemcom", []string{"a0:1b:29", "7c:03:d8", "2c:e4:12"}, "armv7-rdkb", "A01B29", "FAST5657", 45},
			{"Arcadyan PRV3399B", "PRV3399B", []string{"88:03:55", "74:31:70"}, "mipsel-linux", "880355", "PRV3399B", 35},
			{"Huawei HG8245Q2", "HG8245Q2", []string{"48:46:fb", "28:6e:d4"}, "armv7-linux", "4846FB", "HG8245Q2", 20},
		},
		latin: true,
		owned: func(given, model string) string { return model + " de " + given },
		rooms: []string{"salón", "cocina", "habitación", "entrada", "terraza", "despacho"},
		shops: []string{"Bar %s", "Panadería %s", "Taller %s e hijos", "Farmacia %s"},
	}
}

func hikari() region {
	return region{
		short: "hik",
		provider: input.Provider{
			ISPID: "hikari", Name: "ひかり北通信",
			Configuration: input.Configuration{
				MaxInactiveDays: 180,
				Services:        services(nil, filter(true, "https://block.hikari-kita.example/脅威")),
			},
			RouterProtection: input.RouterProtection{
				Enabled:        false,
				DNSAllowedList: []string{"203.141.128.33", "203.141.128.35", "2001:268:fd07:4::1"},
				AllowedList:    []string{},
			},
			LANProtection:         json.RawMessage(`{"ports_blocked":[],"guest_isolation":true,"note":"工場出荷時"}`),
			AdvancedConfiguration: json.RawMessage(`{"language":"ja","ipoe":{"map_e":true,"mtu":1460}}`),
			AgentPackages: []input.AgentPackage{
				agentPackage("hikari", "aarch64-prplos", "5.0.1", true),
				agentPackage("hikari", "mipsel-24kc", "4.8.7", true),
				agentPackage("hikari", "mipsel-24kc", "4.9.0-beta2", false),
				// No default: an ASUS of a customer's own runs the agent only where it was asked for.
				agentPackage("hikari", "aarch64-asuswrt", "4.9.0", false),
			},
		},
		locales: []locale{japanese(), korean(), brazilian()},
		routers: []router{
			{"Aterm WX5400HP", "aterm", []string{"a4:12:42", "10:66:82"}, "aarch64-prplos", "A41242", "WX5400HP", 55},
			{"BUFFALO WSR-5400AX6", "AP84AFEC{hex}", []string{"84:af:ec", "10:6f:3f"}, "mipsel-24kc", "84AFEC", "WSR-5400AX6", 33},
			{"ASUS RT-AX86U", "RT-AX86U", []string{"2c:fd:a1"}, "aarch64-asuswrt", "2CFDA1", "RT-AX86U", 12},
		},
		owned: func(given, model string) string { return given + "の" + model },
		rooms: []string{"リビング", "台所", "寝室", "玄関", "書斎", "子供部屋"},
		shops: []string{"%s商店", "%s歯科医院", "喫茶 %s", "居酒屋 %s"},
	}
}

func dnipro() region {
	return region{
		short: "dni",
		provider: input.Provider{
			ISPID: "dnipro", Name: "Дніпро Онлайн",
			Configuration: input.Configuration{
				MaxInactiveDays: 60,
				Services:        services(filter(false, "https://dnipro.example/zablokovano"), nil),
			},
			RouterProtection: input.RouterProtection{
				Enabled:        true,
				DNSAllowedList: []string{"1.1.1.1", "8.8.8.8"},
				AllowedList:    []string{"91.198.174.192", "91.198.174.0/24", "10.20.0.0/16"},
			},
			LANProtection:         json.RawMessage(`{"guest_isolation":true,"quarantine_minutes":15}`),
			AdvancedConfiguration: json.RawMessage(`{"language":"uk","upload_window":{"from":"02:00","to":"05:30"},"proxy":null}`),
			AgentPackages: []input.AgentPackage{
				agentPackage("dnipro", "armv7-routeros", "4.2.0", true),
				agentPackage("dnipro", "mipsel-keeneticos", "4.2.0", true),
				agentPackage("dnipro", "mips24kc-openwrt", "4.1.3", true),
				agentPackage("dnipro", "mips24kc-openwrt", "4.2.0", false),
			},
		},
		locales: []locale{ukrainian(), greek(), georgian(), hebrew(), hindi()},
		routers: []router{
			{"MikroTik hAP ac²", "MikroTik", []string{"cc:2d:e0", "6c:3b:6b", "4c:5e:0c"}, "armv7-routeros", "CC2DE0", "RBD52G", 35},
			{"Keenetic Giga", "Keenetic-{hex}", []string{"50:ff:20"}, "mipsel-keeneticos", "50FF20", "KN-1011", 40},
			{"TP-Link Archer C6", "ArcherC6", []string{"50:c7:bf", "ec:08:6b"}, "mips24kc-openwrt", "50C7BF", "ArcherC6", 25},
		},
		owned: func(given, model string) string { return model + " (" + given + ")" },
		rooms: []string{"вітальня", "кухня", "спальня", "коридор", "гараж", "дача"},
		shops: []string{"Кав’ярня «%s»", "Аптека %s", "Майстерня %s", "ФОП %s"},
	}
}
