// Package jsonscan checks and splits JSON without decoding it, several times
// faster than encoding/json, with exactly its idea of what is valid.
package jsonscan

import (
	"encoding/binary"
	"math/bits"
)

// maxDepth is encoding/json's limit of nesting.
const maxDepth = 10000

// Valid reports whether b is one JSON value, as encoding/json's Valid does.
func Valid(b []byte) bool {
	end, ok := Skip(b, Space(b, 0))
	return ok && Space(b, end) == len(b)
}

// Space returns the index of the first byte from i on that is not white space.
func Space(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// Skip returns the index behind the value that starts at i, which must not be
// white space; ok is false when there is no valid value.
func Skip(b []byte, i int) (end int, ok bool) { return skip(b, i, 0) }

func skip(b []byte, i, depth int) (int, bool) {
	if i >= len(b) {
		return i, false
	}
	switch c := b[i]; c {
	case '"':
		return String(b, i)
	case '{':
		return skipObject(b, i+1, depth+1)
	case '[':
		return skipArray(b, i+1, depth+1)
	case 't':
		return literal(b, i, "true")
	case 'f':
		return literal(b, i, "false")
	case 'n':
		return literal(b, i, "null")
	default:
		if c == '-' || isDigit(c) {
			return skipNumber(b, i)
		}
	}
	return i, false
}

func literal(b []byte, i int, want string) (int, bool) {
	if len(b)-i < len(want) || string(b[i:i+len(want)]) != want {
		return i, false
	}
	return i + len(want), true
}

func skipObject(b []byte, i, depth int) (int, bool) {
	if depth > maxDepth {
		return i, false
	}
	i = Space(b, i)
	if i < len(b) && b[i] == '}' {
		return i + 1, true
	}
	for {
		end, ok := String(b, i)
		if !ok {
			return end, false
		}
		if i = Space(b, end); i >= len(b) || b[i] != ':' {
			return i, false
		}
		if i, ok = skip(b, Space(b, i+1), depth); !ok {
			return i, false
		}
		if i = Space(b, i); i >= len(b) {
			return i, false
		}
		switch b[i] {
		case '}':
			return i + 1, true
		case ',':
			i = Space(b, i+1)
		default:
			return i, false
		}
	}
}

func skipArray(b []byte, i, depth int) (int, bool) {
	if depth > maxDepth {
		return i, false
	}
	i = Space(b, i)
	if i < len(b) && b[i] == ']' {
		return i + 1, true
	}
	for {
		end, ok := skip(b, i, depth)
		if !ok {
			return end, false
		}
		if i = Space(b, end); i >= len(b) {
			return i, false
		}
		switch b[i] {
		case ']':
			return i + 1, true
		case ',':
			i = Space(b, i+1)
		default:
			return i, false
		}
	}
}

func skipNumber(b []byte, i int) (int, bool) {
	if b[i] == '-' {
		i++
	}
	switch {
	case i >= len(b):
		return i, false
	case b[i] == '0':
		i++
	case isDigit(b[i]):
		i = digits(b, i)
	default:
		return i, false
	}
	if i < len(b) && b[i] == '.' {
		end := digits(b, i+1)
		if end == i+1 {
			return i, false
		}
		i = end
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		end := digits(b, i)
		if end == i {
			return i, false
		}
		i = end
	}
	return i, true
}

func digits(b []byte, i int) int {
	for i < len(b) && isDigit(b[i]) {
		i++
	}
	return i
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special marks the bytes of a word that end or interrupt a string: quote,
// backslash, control characters. Bytes over 0x7f are fine: encoding/json takes
// any there. (Bit tricks: "Determine if a word has a byte less than n" of Sean
// Anderson's Bit Twiddling Hacks; the lowest mark is always exact.)
func special(w uint64) uint64 {
	// Quote and control characters are what is less than 0x21 with its second bit
	// flipped. No exclusive or changes a byte's highest bit, so one mask serves both.
	return (((w ^ ones*0x02) - ones*0x21) | ((w ^ ones*'\\') - ones)) & ^w & highs
}

// Plain reports whether s is ASCII that JSON quotes as it is.
func Plain(s string) bool {
	for ; len(s) >= 8; s = s[8:] {
		w := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56 // one load
		if special(w)|w&highs != 0 {
			return false
		}
	}
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x80 || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// String returns the index behind the string whose opening quote is at i.
func String(b []byte, i int) (end int, ok bool) {
	if i >= len(b) || b[i] != '"' {
		return i, false
	}
	i++
	for {
		for len(b)-i >= 32 {
			w := b[i : i+32 : i+32]
			if special(binary.LittleEndian.Uint64(w))|special(binary.LittleEndian.Uint64(w[8:]))|
				special(binary.LittleEndian.Uint64(w[16:]))|special(binary.LittleEndian.Uint64(w[24:])) != 0 {
				break
			}
			i += 32
		}
		for len(b)-i >= 8 {
			if marks := special(binary.LittleEndian.Uint64(b[i:])); marks != 0 {
				i += bits.TrailingZeros64(marks) / 8
				break
			}
			i += 8
		}
		if i >= len(b) {
			return i, false
		}
		switch c := b[i]; {
		case c == '"':
			return i + 1, true
		case c == '\\':
			if i, ok = escape(b, i+1); !ok {
				return i, false
			}
		case c < 0x20:
			return i, false
		default:
			i++
		}
	}
}

// escape returns the index behind the escape sequence whose letter is at i.
func escape(b []byte, i int) (int, bool) {
	if i >= len(b) {
		return i, false
	}
	switch b[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1, true
	case 'u':
		if len(b)-i < 5 {
			return i, false
		}
		for _, c := range b[i+1 : i+5] {
			if !isDigit(c) && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
				return i, false
			}
		}
		return i + 5, true
	}
	return i, false
}
