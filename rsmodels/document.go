package rsmodels

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/hexplane/hexplane/rsmodels/internal/check"
)

// Kinds of documents. Kind and id together name a document in a HomeSecure
// realm. The system documents have fixed ids.
const (
	KindDevices       = "devices"
	KindRouters       = "routers"
	KindFeatureFlags  = "feature-flags"
	KindAgentPackages = "agent-packages"
	KindSystem        = "system"

	SystemRouterDNSID       = "router-dns"
	SystemRouterAllowedIPID = "router-allowed-ip"
	SystemGeneralID         = "general"
	SystemAgentVersionsID   = "agent-versions"
	SystemAgentDefaultID    = "agent-default"
)

// How large a document may be, in bytes of its canonical JSON.
const (
	MaxDocumentSize       = 1 << 20
	MaxSystemDocumentSize = 16 << 20
)

// ErrInvalid is matched by every error that says that a document, or what it
// would be built from, breaks a rule.
var ErrInvalid = check.ErrInvalid

// InvalidError carries every violation of a document, ordered by path.
type InvalidError = check.Error

// Violation is the path of one field, as on the wire, and the rule it breaks.
type Violation = check.Violation

// Document is any document of the HS Admin interface. Only the types of this
// package implement it. Documents are immutable, comparable with == (equal kind,
// id and content) and safe for concurrent use.
type Document interface {
	// Kind is one of the Kind constants.
	Kind() string
	// ID names the document within its kind.
	ID() string
	// JSON is the document's canonical form: one line, fields in a fixed order,
	// the keys of free objects sorted. It is empty for a zero value, which is no
	// valid document.
	JSON() string

	json.Marshaler
	fmt.Stringer
	slog.LogValuer
}

// document is what every document is made of: its place and its canonical JSON.
type document struct{ kind, id, json string }

func (d document) Kind() string { return d.kind }
func (d document) ID() string   { return d.id }
func (d document) JSON() string { return d.json }

var errZeroDocument = errors.New("rsmodels: a zero document has no JSON")

// MarshalJSON is the canonical JSON.
func (d document) MarshalJSON() ([]byte, error) {
	if d.json == "" {
		return nil, errZeroDocument
	}
	return []byte(d.json), nil
}

// String is the kind and id, never the content.
func (d document) String() string { return d.kind + "/" + d.id }

// LogValue is the kind and id, never the content.
func (d document) LogValue() slog.Value {
	return slog.GroupValue(slog.String("kind", d.kind), slog.String("id", d.id))
}

// specOf decodes a document's content anew, so that callers share no memory.
func specOf[S any](d document) S {
	var spec S
	if d.json != "" {
		// A document's JSON came from this very type.
		_ = json.Unmarshal([]byte(d.json), &spec)
	}
	return spec
}

// place says what a document is called, where it belongs and how large it may be.
type place struct {
	subject, kind, id string
	limit             int
}

// seal checks a spec in canonical form by its rules and makes it a document.
func seal(at place, spec any, found []Violation) (document, error) {
	if err := check.Fail(at.subject, found); err != nil {
		return document{}, err
	}
	raw, err := json.Marshal(spec)
	if err != nil {
		return document{}, check.Fail(at.subject, []Violation{{Rule: "json"}})
	}
	if len(raw) > at.limit {
		return document{}, check.Fail(at.subject, []Violation{tooLarge(at.limit)})
	}
	return document{kind: at.kind, id: at.id, json: string(raw)}, nil
}

func tooLarge(limit int) Violation { return Violation{Rule: fmt.Sprintf("size<=%d", limit)} }
