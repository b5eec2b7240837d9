package main

import (
	"fmt"

	"github.com/hexplane/hexplane/internal/fullsync/input"
)

// pattern is a way of living together.
type pattern struct {
	name     string
	weight   int
	adults   [2]int // at least and at most
	children [2]int
	screens  [2]int
	things   [2]int
	cameras  int // percent that have one
	printer  int // percent that have one
	routers  int // percent that have a second
}

func patterns() []pattern {
	return []pattern{
		{name: "single", weight: 28, adults: [2]int{1, 1}, screens: [2]int{0, 1}, things: [2]int{0, 2}, cameras: 6, printer: 12, routers: 1},
		{name: "couple", weight: 26, adults: [2]int{2, 2}, screens: [2]int{0, 2}, things: [2]int{0, 2}, cameras: 14, printer: 25, routers: 4},
		{name: "family", weight: 27, adults: [2]int{2, 2}, children: [2]int{1, 2}, screens: [2]int{1, 2}, things: [2]int{0, 2}, cameras: 25, printer: 45, routers: 14},
		{name: "parent alone", weight: 7, adults: [2]int{1, 1}, children: [2]int{1, 2}, screens: [2]int{1, 1}, things: [2]int{0, 1}, cameras: 8, printer: 20, routers: 2},
		{name: "shared flat", weight: 7, adults: [2]int{3, 4}, screens: [2]int{0, 1}, things: [2]int{0, 1}, cameras: 2, printer: 15, routers: 3},
		{name: "shop", weight: 5, adults: [2]int{1, 1}, screens: [2]int{0, 2}, things: [2]int{0, 1}, cameras: 85, printer: 90, routers: 30},
	}
}

// builder makes one household, drawing every choice from its own dice.
type builder struct {
	dice
	region    region
	locale    locale
	macs      *macs
	household *input.Household
	family    string
}

func newHousehold(regions []region, macs *macs, seed uint64, index int) *input.Household {
	d := newDice(seed, uint64(index))
	region := regions[index%len(regions)]
	b := &builder{
		dice: d, region: region, macs: macs,
		locale: weighted(d, region.locales, func(l locale) int { return l.weight }),
	}
	b.family = pick(d, b.locale.family)
	p := weighted(d, patterns(), func(p pattern) int { return p.weight })
	b.account(fmt.Sprintf("%s-%06d", region.short, index), p)
	b.routers(p)
	b.people(p)
	b.shared(p)
	return b.household
}

// between is a number from low to high, both included.
func (b *builder) between(limits [2]int) int {
	return limits[0] + b.IntN(limits[1]-limits[0]+1)
}

func (b *builder) account(id string, p pattern) {
	account := input.Account{
		AccountID: id, ISPID: b.region.provider.ISPID, Name: b.locale.household(b.family),
		Status: "active", Products: []string{"RouterSecure"},
	}
	if p.name == "shop" {
		account.Name = shopName(b)
	}
	if b.chance(5) {
		account.Status = "suspended"
	}
	if b.chance(22) {
		account.Services = accountServices(b)
	}
	b.household = &input.Household{Account: account, AgentPackages: map[string]string{}}
}

// accountServices are overrides that a customer asked for on the phone.
func accountServices(b *builder) *input.Services {
	page := "https://" + b.region.provider.ISPID + ".example/family?plan=fam&id=" + b.hex(6)
	switch b.IntN(4) {
	case 0:
		return services(filter(true, page), nil)
	case 1:
		return services(nil, filter(false, ""))
	case 2:
		return services(filter(true, ""), filter(true, page))
	default:
		return services(filter(false, page), filter(true, ""))
	}
}

func shopName(b *builder) string {
	return fmt.Sprintf(pick(b.dice, b.region.shops), b.family)
}

func (b *builder) people(p pattern) {
	adults, children := b.between(p.adults), b.between(p.children)
	order := b.Perm(len(b.locale.given))
	for i := range adults + children {
		b.person(b.locale.given[order[i%len(order)]], i >= adults)
	}
}

func (b *builder) person(given string, child bool) {
	account := b.household.Account.AccountID
	user := input.User{
		UserID:    fmt.Sprintf("%s-u%d", account, len(b.household.Users)+1),
		AccountID: account,
		Name:      b.locale.fullName(b.family, given),
	}
	switch {
	case child && b.chance(80):
		user.Services = services(filter(true, "https://"+b.region.provider.ISPID+".example/kids"), filter(true, ""))
	case b.chance(8):
		user.Services = services(filter(false, ""), nil)
	}
	b.household.Users = append(b.household.Users, user)
	b.belongings(user.UserID, given, child)
}

// services puts two filters together; either may be nil.
func services(content, threat *input.Filter) *input.Services {
	return &input.Services{ContentFiltering: content, ThreatProtection: threat}
}

func filter(enabled bool, page string) *input.Filter {
	return &input.Filter{Enabled: enabled, BlockingPageURL: page}
}
