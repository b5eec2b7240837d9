package asynctask

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// maxName is the most bytes of what identifies something: databases limit the
// size of what they index.
const maxName = 512

// fit reports whether every store can keep and find name.
func fit(names ...string) bool {
	for _, name := range names {
		if len(name) > maxName || !utf8.ValidString(name) || strings.IndexByte(name, 0) >= 0 {
			return false
		}
	}
	return true
}

// storable reports whether raw is JSON that every store can keep: Go's decoder
// lets pass what is not UTF-8, databases do not.
func storable(raw json.RawMessage) bool { return json.Valid(raw) && utf8.Valid(raw) }

// maxCount is the most that a reply may stand for: of so many, the sum over
// millions of replies is still a number.
const maxCount = 1 << 40

func (c Counts) plausible() bool {
	return min(c.Total, c.OK, c.Failed) >= 0 && max(c.Total, c.OK, c.Failed) <= maxCount
}

// maxErrorText is the most bytes kept of a reply's error code and text.
const maxErrorText = 1024

// clip makes s fit for every store: short, and without NUL.
func clip(s string) string {
	s = strings.ReplaceAll(s, "\x00", "")
	if len(s) > maxErrorText {
		s = strings.ToValidUTF8(s[:maxErrorText], "")
	}
	return s
}
