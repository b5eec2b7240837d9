// Package check holds what rsmodels and rsevent share to say what is wrong with
// a value: violations with paths spelled as on the wire, and a validator that
// yields them.
package check

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErrInvalid is matched by every [Error].
var ErrInvalid = errors.New("invalid")

// Violation is one thing that is wrong. It never holds the offending value.
type Violation struct {
	// Path is the field's, as on the wire, such as "device.mac" or
	// "identifiers[2]". It is empty when the whole is meant.
	Path string `json:"path"`
	// Rule is what the field breaks, such as "required" or "max=128".
	Rule string `json:"rule"`
}

func (v Violation) String() string {
	if v.Path == "" {
		return v.Rule
	}
	return v.Path + ": " + v.Rule
}

// Error carries every violation of one value, ordered by path. It matches
// [ErrInvalid].
type Error struct {
	// Subject is what is invalid, such as "DeviceConfiguration".
	Subject    string
	Violations []Violation
}

// Fail is an *[Error] of the violations in order, or nil when there are none.
func Fail(subject string, violations []Violation) error {
	if len(violations) == 0 {
		return nil
	}
	slices.SortStableFunc(violations, func(a, b Violation) int { return cmp.Compare(a.Path, b.Path) })
	violations = slices.Compact(violations)
	if more := len(violations) - maxViolations; more > 0 {
		violations = append(violations[:maxViolations:maxViolations], Violation{Rule: fmt.Sprintf("and %d more", more)})
	}
	for i, v := range violations {
		violations[i].Path = readable(v.Path)
	}
	return &Error{Subject: subject, Violations: violations}
}

// What a path and an error hold at most: names of unknown fields are the input's.
const (
	maxViolations = 1000
	maxPath       = 256
)

// readable is a path on one line, and short enough for a log.
func readable(path string) string {
	if len(path) > maxPath {
		path = path[:maxPath] + "…"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return '?'
		}
		return r
	}, path)
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("invalid ")
	b.WriteString(e.Subject)
	for i, v := range e.Violations {
		b.WriteString([]string{": ", "; "}[min(i, 1)])
		b.WriteString(v.String())
	}
	return b.String()
}

// Is makes errors.Is(err, ErrInvalid) hold.
func (e *Error) Is(target error) bool { return target == ErrInvalid }

// LogValue is the subject and what it breaks.
func (e *Error) LogValue() slog.Value {
	rules := make([]string, len(e.Violations))
	for i, v := range e.Violations {
		rules[i] = v.String()
	}
	return slog.GroupValue(slog.String("subject", e.Subject), slog.Any("violations", rules))
}
