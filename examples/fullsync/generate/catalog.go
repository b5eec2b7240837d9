package main

// model is a kind of device that is sold under one name.
type model struct {
	name     string   // what its owner reads on it
	hostname string   // what it calls itself; {given} and {hex} are filled in
	prefixes []string // of its maker's MAC addresses, from the IEEE's register
	weight   int      // how common it is
	iot      bool
	cloud    string // the maker's domain, of cameras
}

// The makers' MAC prefixes, as registered with the IEEE.
func apple() []string    { return []string{"60:92:17", "7c:9a:1d", "98:ca:33", "d4:a3:3d"} }
func samsung() []string  { return []string{"48:13:7e", "68:4a:e9", "a8:4b:4d", "e8:aa:cb"} }
func xiaomi() []string   { return []string{"4c:e0:db", "70:3a:51", "dc:6a:e7", "f8:a4:5f"} }
func google() []string   { return []string{"1c:f2:9a", "24:e5:0f", "3c:28:6d", "88:3d:24"} }
func oppo() []string     { return []string{"2c:a9:f0", "4c:50:f1", "a8:1b:5a"} }
func motorola() []string { return []string{"08:aa:55", "84:10:0d", "bc:1d:89"} }
func sharp() []string    { return []string{"24:26:42", "34:f6:2d", "68:79:ed"} }
func intel() []string    { return []string{"58:94:6b", "70:32:17", "88:78:73", "a4:02:b9"} }
func lcfc() []string     { return []string{"54:e1:ad", "6c:24:08", "84:a9:38"} }
func dell() []string     { return []string{"50:9a:4c", "6c:3c:8c", "a4:4c:c8"} }
func hp() []string       { return []string{"3c:4a:92", "80:c1:6e", "9c:1c:12", "b0:5c:da"} }
func asus() []string     { return []string{"04:92:26", "2c:4d:54", "b0:6e:bf"} }
func lg() []string       { return []string{"38:30:f9", "58:a2:b5", "78:5d:c8", "a8:92:2c"} }
func sony() []string     { return []string{"30:75:12", "38:78:62", "40:b8:37"} }
func hisense() []string  { return []string{"24:e2:71", "90:cf:7d", "c8:16:bd"} }
func nintendo() []string { return []string{"48:a5:e7", "70:2c:09", "e0:e7:51"} }
func playstation() []string {
	return []string{"5c:96:66", "bc:60:a7"}
}
func microsoft() []string { return []string{"0c:41:3e", "4c:3b:df", "90:6a:eb"} }
func hikvision() []string { return []string{"24:28:fd", "4c:bd:8f", "bc:5e:33"} }
func dahua() []string     { return []string{"14:a7:8b", "3c:e3:6b", "e0:50:8b"} }
func amazon() []string    { return []string{"34:25:be", "68:54:fd", "74:a7:ea"} }
func espressif() []string { return []string{"08:3a:f2", "24:62:ab", "a4:cf:12"} }
func sonos() []string     { return []string{"48:a6:b8", "78:28:ca", "b8:e9:37"} }
func epson() []string     { return []string{"9c:ae:d3", "f8:25:51"} }
func canon() []string     { return []string{"5c:62:5a", "9c:32:ce"} }
func brother() []string   { return []string{"30:05:5c", "3c:2a:f4", "b4:22:00"} }

func phones() []model {
	return []model{
		{name: "iPhone", hostname: "{given}s-iPhone", prefixes: apple(), weight: 38},
		{name: "Galaxy S23", hostname: "Galaxy-S23", prefixes: samsung(), weight: 16},
		{name: "Galaxy A54", hostname: "Galaxy-A54", prefixes: samsung(), weight: 12},
		{name: "Redmi Note 12", hostname: "Redmi-Note-12", prefixes: xiaomi(), weight: 14},
		{name: "Pixel 8", hostname: "Pixel-8", prefixes: google(), weight: 9},
		{name: "OPPO Reno8", hostname: "OPPO-Reno8", prefixes: oppo(), weight: 5},
		{name: "moto g53", hostname: "moto-g53", prefixes: motorola(), weight: 4},
		{name: "AQUOS sense7", hostname: "AQUOS-sense7", prefixes: sharp(), weight: 2},
	}
}

func computers() []model {
	return []model{
		{name: "MacBook Air", hostname: "{given}s-MacBook-Air", prefixes: apple(), weight: 22},
		{name: "ThinkPad T14", hostname: "DESKTOP-{hex}", prefixes: lcfc(), weight: 16},
		{name: "Dell XPS 13", hostname: "LAPTOP-{hex}", prefixes: intel(), weight: 14},
		{name: "Dell OptiPlex", hostname: "DESKTOP-{hex}", prefixes: dell(), weight: 6},
		{name: "HP Pavilion", hostname: "LAPTOP-{hex}", prefixes: intel(), weight: 18},
		{name: "ASUS Vivobook", hostname: "LAPTOP-{hex}", prefixes: asus(), weight: 10},
		{name: "Surface Pro", hostname: "SURFACE-{hex}", prefixes: microsoft(), weight: 5},
		{name: "iPad", hostname: "iPad", prefixes: apple(), weight: 16},
		{name: "Galaxy Tab S8", hostname: "Galaxy-Tab-S8", prefixes: samsung(), weight: 8},
		{name: "Fire HD 10", hostname: "KFTRWI", prefixes: amazon(), weight: 5},
	}
}

func screens() []model {
	return []model{
		{name: "Samsung TV QE55Q80", hostname: "Samsung", prefixes: samsung(), weight: 30, iot: true},
		{name: "LG webOS TV OLED48", hostname: "LGwebOSTV", prefixes: lg(), weight: 22, iot: true},
		{name: "BRAVIA XR-55A80J", hostname: "BRAVIA-4K-VH2", prefixes: sony(), weight: 14, iot: true},
		{name: "Hisense 50A6", hostname: "HISENSE-TV", prefixes: hisense(), weight: 10, iot: true},
		{name: "Fire TV Stick 4K", hostname: "amazon-{hex}", prefixes: amazon(), weight: 12, iot: true},
		{name: "Apple TV", hostname: "Apple-TV", prefixes: apple(), weight: 8, iot: true},
		{name: "Chromecast", hostname: "Chromecast", prefixes: google(), weight: 10, iot: true},
	}
}

func consoles() []model {
	return []model{
		{name: "Nintendo Switch", prefixes: nintendo(), weight: 45},
		{name: "PlayStation 5", hostname: "PS5-{hex}", prefixes: playstation(), weight: 35},
		{name: "Xbox Series X", hostname: "XBOX", prefixes: microsoft(), weight: 20},
	}
}

func cameras() []model {
	return []model{
		{name: "Hikvision DS-2CD2143", hostname: "ipc-{hex}", prefixes: hikvision(), weight: 30, iot: true, cloud: "hik-connect.com"},
		{name: "Dahua IPC-HFW2431", prefixes: dahua(), weight: 22, iot: true, cloud: "easy4ip.com"},
		{name: "Reolink RLC-510A", hostname: "Reolink", prefixes: []string{"ec:71:db"}, weight: 20, iot: true, cloud: "reolink.com"},
		{name: "Arlo Pro 4", hostname: "Arlo-{hex}", prefixes: []string{"a4:11:62", "fc:9c:98"}, weight: 14, iot: true, cloud: "arlo.com"},
		{name: "Ring Video Doorbell", hostname: "Ring-{hex}", prefixes: []string{"34:3e:a4", "54:e0:19", "90:48:6c"}, weight: 18, iot: true, cloud: "ring.com"},
		{name: "AXIS M3045-V", hostname: "axis-{hex}", prefixes: []string{"ac:cc:8e"}, weight: 6, iot: true, cloud: "axis.com"},
	}
}

func printers() []model {
	return []model{
		{name: "HP OfficeJet Pro 8720", hostname: "HP{hex}", prefixes: hp(), weight: 40, iot: true},
		{name: "EPSON ET-2850", hostname: "EPSON{hex}", prefixes: epson(), weight: 25, iot: true},
		{name: "Canon TS5350", hostname: "Canon{hex}", prefixes: canon(), weight: 20, iot: true},
		{name: "Brother HL-L2350DW", hostname: "BRW{hex}", prefixes: brother(), weight: 15, iot: true},
	}
}

func things() []model {
	return []model{
		{name: "Sonos One", hostname: "sonosZP", prefixes: sonos(), weight: 16, iot: true},
		{name: "Echo Dot", hostname: "amazon-{hex}", prefixes: amazon(), weight: 24, iot: true},
		{name: "Nest Thermostat", hostname: "Nest-{hex}", prefixes: []string{"18:b4:30", "64:16:66"}, weight: 8, iot: true},
		{name: "Netatmo Weather Station", hostname: "netatmo", prefixes: []string{"70:ee:50"}, weight: 6, iot: true},
		{name: "Philips Hue Bridge", hostname: "Philips-hue", prefixes: []string{"00:17:88", "c4:29:96"}, weight: 16, iot: true},
		{name: "Shelly Plug S", hostname: "shellyplug-s-{hex}", prefixes: espressif(), weight: 16, iot: true},
		{name: "Roomba i7", hostname: "iRobot-{hex}", prefixes: []string{"4c:b9:ea", "50:14:79"}, weight: 8, iot: true},
		{name: "Roborock S7", hostname: "roborock-vacuum-a15", prefixes: []string{"b0:4a:39"}, weight: 6, iot: true},
		{name: "Synology DS220+", hostname: "DiskStation", prefixes: []string{"00:11:32"}, weight: 6},
		{name: "Withings Body", prefixes: []string{"00:24:e4", "a4:7e:fa"}, weight: 5, iot: true},
	}
}
