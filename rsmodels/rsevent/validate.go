package rsevent

import (
	"fmt"
	"sync"

	"github.com/hexplane/hexplane/rsmodels/internal/check"
)

// ErrInvalid is matched by every error of [Validate].
var ErrInvalid = check.ErrInvalid

// InvalidError carries every violation of a payload, ordered by path.
type InvalidError = check.Error

// Violation is the path of one field, as on the wire, and the rule it breaks.
type Violation = check.Violation

// Validate checks a payload of this package, or a pointer to one, against its
// validator tags. The error is an *[InvalidError] with every violation at once;
// it never holds the offending values. Validate is safe for concurrent use.
func Validate(payload any) error {
	return check.Fail(fmt.Sprintf("%T", payload), checker().Struct(payload))
}

var checker = sync.OnceValue(func() *check.Checker { return check.New() })
