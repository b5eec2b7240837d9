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

// full reports whether a batch takes no more requests.
func (m *Manager) full(requests, bytes int) bool {
	return requests >= m.cfg.Batch || bytes >= m.cfg.BatchBytes
}

// wasFull is full of a batch that a store returned: there may be more.
func (m *Manager) wasFull(recs []Record) bool {
	bytes := 0
	for _, r := range recs {
		bytes += len(r.Payload)
	}
	return m.full(len(recs), bytes)
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
