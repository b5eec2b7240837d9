package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/hexplane/hexplane/internal/fullsync/input"
)

// agentPackage is a released agent; its digest and size follow from its name.
func agentPackage(isp, target, version string, isDefault bool) input.AgentPackage {
	id := fmt.Sprintf("agent-%s-%s-%s", isp, target, version)
	sum := sha256.Sum256([]byte(id))
	return input.AgentPackage{
		AgentPackageID: id, Target: target, Version: version,
		URL:    fmt.Sprintf("https://agents.%s.example/%s/rs-agent-%s.ipk", isp, target, version),
		SHA256: hex.EncodeToString(sum[:]),
		Size:   2_400_000 + int64(sum[0])*4096 + int64(sum[1]),
		// Only a default says so: the field is left out otherwise.
		Default: isDefault,
	}
}

func (b *builder) add(d input.Device) *input.Device {
	d.AccountID = b.household.Account.AccountID
	d.DeviceID = fmt.Sprintf("%s-d%02d", d.AccountID, len(b.household.Devices)+1)
	b.household.Devices = append(b.household.Devices, d)
	return &b.household.Devices[len(b.household.Devices)-1]
}

func (b *builder) hostname(pattern, given string) string {
	return strings.NewReplacer("{hex}", b.hex(6), "{given}", b.locale.ascii(given)).Replace(pattern)
}

func (b *builder) routers(p pattern) {
	model := weighted(b.dice, b.region.routers, func(r router) int { return r.weight })
	b.router(model)
	if b.chance(p.routers) {
		b.router(model)
	}
}

func (b *builder) router(model router) {
	serial := b.serial(12)
	device := b.add(input.Device{
		Kind: "router", Name: model.name, Hostname: b.hostname(model.hostname, ""),
		MAC:         b.macs.next(b.dice, model.prefixes),
		Identifiers: []string{serial, fmt.Sprintf("%s-%s-%s", model.oui, model.class, serial)},
		Agent:       &input.Agent{Target: model.target, Version: pick(b.dice, []string{"3.8.0", "3.9.1", "4.1.3"})},
	})
	if b.chance(35) {
		device.FeatureFlags = map[string]bool{"dns_over_tls": b.chance(50), "web_session_reports": b.chance(70)}
	}
	if b.chance(10) {
		device.FeatureFlags = map[string]bool{"beta_agent": true}
	}
	if b.chance(12) {
		device.UploadIntervals = map[string]int{"events": pick(b.dice, []int{60, 300, 900}), "statistics": 3600}
	}
	if other := b.otherPackage(model.target); other != "" && b.chance(10) {
		b.household.AgentPackages[device.DeviceID] = other
	}
}

// otherPackage is one for the target that is not its default, or empty.
func (b *builder) otherPackage(target string) string {
	for _, pkg := range b.region.provider.AgentPackages {
		if pkg.Target == target && !pkg.Default {
			return pkg.AgentPackageID
		}
	}
	return ""
}

// belongings are what one person carries or sits at.
func (b *builder) belongings(userID, given string, child bool) {
	if !child || b.chance(75) {
		b.owned(userID, given, phones(), child)
	}
	if b.chance(48) {
		b.owned(userID, given, computers(), child)
	}
	if child && b.chance(45) || !child && b.chance(10) {
		b.owned(userID, given, consoles(), child)
	}
}

func (b *builder) owned(userID, given string, models []model, child bool) {
	m := weighted(b.dice, models, func(m model) int { return m.weight })
	device := b.add(input.Device{
		Kind: "device", UserID: userID, Name: b.ownedName(given, m.name),
		Hostname: b.hostname(m.hostname, given), MAC: b.macs.next(b.dice, m.prefixes), IsIoT: m.iot,
	})
	if child && b.chance(60) {
		device.ActRules = bedtime(b.dice)
	}
	if b.chance(6) {
		device.Services = services(filter(!child && b.chance(30), ""), filter(true, ""))
	}
}

// ownedName says whose a device is, the way the provider's customers do; a name in another
// script than theirs does not inflect.
func (b *builder) ownedName(given, model string) string {
	if _, foreign := b.locale.latin[given]; foreign && b.region.latin {
		return model + " (" + given + ")"
	}
	return b.region.owned(given, model)
}

// shared are the things that belong to the household and to nobody in it.
func (b *builder) shared(p pattern) {
	for range b.between(p.screens) {
		b.placed(screens())
	}
	if b.chance(p.cameras) {
		for range 1 + b.IntN(3) {
			b.camera()
		}
	}
	if b.chance(p.printer) {
		b.placed(printers())
	}
	for range b.between(p.things) {
		b.placed(things())
	}
}

func (b *builder) placed(models []model) *input.Device {
	m := weighted(b.dice, models, func(m model) int { return m.weight })
	name := m.name
	if b.chance(60) {
		name += " " + pick(b.dice, b.region.rooms)
	}
	return b.add(input.Device{
		Kind: "device", Name: name, Hostname: b.hostname(m.hostname, ""),
		MAC: b.macs.next(b.dice, m.prefixes), IsIoT: m.iot,
	})
}

// camera is watched more closely than the rest: what it may reach is ruled.
func (b *builder) camera() {
	m := weighted(b.dice, cameras(), func(m model) int { return m.weight })
	device := b.placed([]model{m})
	if b.chance(40) {
		device.ActRules = onlyHome(b.dice, m.cloud)
	}
	if b.chance(25) {
		device.Services = services(nil, filter(true, "https://"+b.region.provider.ISPID+".example/camera"))
	}
}
