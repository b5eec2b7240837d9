package main

import (
	"fmt"
	"math/rand/v2"
)

// dice is a source of choices; one per household, so that a household does not depend on
// how many come before it.
type dice struct{ *rand.Rand }

func newDice(seed, household uint64) dice {
	return dice{rand.New(rand.NewPCG(seed, household+1))}
}

// chance is true in percent of a hundred cases.
func (d dice) chance(percent int) bool { return d.IntN(100) < percent }

// pick chooses one of the given values.
func pick[T any](d dice, values []T) T { return values[d.IntN(len(values))] }

// weighted chooses one of the values by weight.
func weighted[T any](d dice, values []T, weight func(T) int) T {
	total := 0
	for _, value := range values {
		total += weight(value)
	}
	roll := d.IntN(total)
	for _, value := range values {
		if roll -= weight(value); roll < 0 {
			return value
		}
	}
	return values[len(values)-1]
}

// hex gives n upper-case hexadecimal digits.
func (d dice) hex(n int) string {
	const digits = "0123456789ABCDEF"
	return d.text(digits, n)
}

// serial gives n characters of the kind printed on labels.
func (d dice) serial(n int) string {
	const characters = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
	return d.text(characters, n)
}

func (d dice) text(alphabet string, n int) string {
	text := make([]byte, n)
	for i := range text {
		text[i] = alphabet[d.IntN(len(alphabet))]
	}
	return string(text)
}

// macs hands out addresses, none of them twice.
type macs struct{ used map[string]bool }

func newMACs() *macs { return &macs{used: map[string]bool{}} }

// next gives an address with one of the vendor's prefixes, in lower case with colons.
func (m *macs) next(d dice, prefixes []string) string {
	for {
		nic := d.IntN(1 << 24)
		mac := fmt.Sprintf("%s:%02x:%02x:%02x", pick(d, prefixes), nic>>16, nic>>8&0xff, nic&0xff)
		if !m.used[mac] {
			m.used[mac] = true
			return mac
		}
	}
}
