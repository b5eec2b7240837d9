package management

import (
	"crypto/rand"
	"regexp"
	"strings"

	"github.com/go-playground/validator/v10"
)

// Names are ASCII so that every database agrees on which are the same.
var (
	nameRule = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9 ._-]{0,61}[A-Za-z0-9])?$`)
	kindRule = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)
	// emails is safe for concurrent use and holds only compiled rules.
	emails = validator.New()
)

const nameHelp = "must be 1 to 63 letters, digits, spaces, dots, dashes or underscores, beginning and ending with a letter or digit"

func validEmail(s string) bool { return emails.Var(s, "required,email,max=254") == nil }

func (v *violations) checkSelector(selector map[string]string, field string) {
	ok := len(selector) <= 16
	for key, value := range selector {
		ok = ok && key != "" && len(key) <= 63 && len(value) <= 63
	}
	v.check(ok, field, "must have at most 16 labels of at most 63 characters")
}

// namespaceFor makes "prj-<slug>-<6 chars>": readable from the name, unique from
// 30 random bits, retried by the caller when taken.
func namespaceFor(name string) string {
	const alphabet = "abcdefghijklmnopqrstuvwxyz234567"
	var random [6]byte
	_, _ = rand.Read(random[:]) // never fails: it ends the program instead
	for i, b := range random {
		random[i] = alphabet[b%32]
	}
	return "prj-" + slug(name) + "-" + string(random[:])
}

// slug keeps letters and digits, in lower case, with single dashes between, cut
// to what a DNS label leaves beside prefix and suffix.
func slug(name string) string {
	const room = 63 - len("prj-") - len("-123456")
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	joined := strings.Join(words, "-")
	if len(joined) > room {
		joined = strings.TrimRight(joined[:room], "-")
	}
	if joined == "" {
		return "project"
	}
	return joined
}
