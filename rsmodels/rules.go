package rsmodels

import (
	"net/netip"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hexplane/hexplane/rsmodels/internal/check"
)

// Patterns of the rules that a regular expression can say; the JSON Schemas
// carry the same ones.
const (
	// IDPattern is that of ids, targets and other names made for programs.
	IDPattern = `^[A-Za-z0-9][A-Za-z0-9._:@+~-]*$`
	// MAC48Pattern is that of MAC addresses.
	MAC48Pattern = `^[0-9a-f]{2}(:[0-9a-f]{2}){5}$`
)

// rules knows the tags of the specs.
var rules = sync.OnceValue(func() *check.Checker {
	token, mac48 := regexp.MustCompile(IDPattern), regexp.MustCompile(MAC48Pattern)
	return check.New(
		text("token", token.MatchString),
		text("mac48", mac48.MatchString),
		text("text", isText),
		text("weburl", isWebURL),
		text("ipaddr", isCanonicalIP),
		text("iprange", isCanonicalRange),
		check.Rule{Tag: "jsonobject", Holds: func(v reflect.Value) bool { return isJSON(v.Bytes(), true) }},
		check.Rule{Tag: "jsonvalue", Holds: func(v reflect.Value) bool { return isJSON(v.Bytes(), false) }},
		check.Rule{Tag: "rfc3339", Holds: isWritableTime},
	)
})

func text(tag string, holds func(string) bool) check.Rule {
	return check.Rule{Tag: tag, Holds: func(v reflect.Value) bool { return holds(v.String()) }}
}

// isText tells whether s is UTF-8 without control characters.
func isText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// isWebURL tells whether s is an absolute http or https URL without credentials.
func isWebURL(s string) bool {
	if !isText(s) || strings.ContainsAny(s, " \"<>\\^`{|}") {
		return false
	}
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil
}

func isCanonicalIP(s string) bool {
	addr, err := netip.ParseAddr(s)
	return err == nil && addr.Zone() == "" && addr.Unmap().String() == s
}

func isCanonicalRange(s string) bool {
	prefix, err := netip.ParsePrefix(s)
	return err == nil && prefix.Masked().String() == s
}

// isWritableTime tells whether RFC 3339 can say the time.
func isWritableTime(v reflect.Value) bool {
	t, ok := reflect.TypeAssert[time.Time](v)
	return ok && t.Year() >= 0 && t.Year() <= 9999
}
