package main

import (
	"encoding/json"
	"fmt"
)

// bedtime keeps a child's device off the net at night, and off a site or two.
func bedtime(d dice) []json.RawMessage {
	from := pick(d, []string{"20:00", "20:30", "21:00", "21:30", "22:00"})
	rules := []json.RawMessage{rule(
		`{"rule_id":"bedtime-%s","type":"schedule","days":["mon","tue","wed","thu","sun"],"from":"%s","to":"06:30","action":"block"}`,
		d.hex(4), from,
	)}
	if d.chance(40) {
		rules = append(rules, rule(
			`{"rule_id":"site-%s","type":"domain","match":"*.%s","action":"block","log":true}`,
			d.hex(4), pick(d, []string{"tiktok.com", "roblox.com", "twitch.tv", "игры.рф"}),
		))
	}
	if d.chance(25) {
		rules = append(rules, rule(
			`{"rule_id":"quota-%s","type":"quota","minutes_per_day":%d,"weekend_factor":1.5}`,
			d.hex(4), pick(d, []int{45, 60, 90, 120}),
		))
	}
	return rules
}

// onlyHome lets a camera talk to its maker's cloud and nothing else.
func onlyHome(d dice, cloud string) []json.RawMessage {
	return []json.RawMessage{
		rule(`{"rule_id":"cloud-%s","type":"domain","match":"*.%s","action":"allow"}`,
			d.hex(4), cloud),
		rule(`{"rule_id":"rest-%s","type":"address","match":["0.0.0.0/0","::/0"],"action":"block","limits":{"kbps":%d,"burst":null}}`,
			d.hex(4), pick(d, []int{256, 512})),
	}
}

func rule(format string, args ...any) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(format, args...))
}
