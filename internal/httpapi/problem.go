package httpapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/input"
)

// Problem is an RFC 9457 problem document, and the error that handlers return to
// answer with one.
type Problem struct { //nolint:errname // the name of RFC 9457
	Type   string        `json:"type"` // about:blank: the status says it all
	Title  string        `json:"title"`
	Status int           `json:"status"`
	Detail string        `json:"detail,omitempty"`
	Errors []input.Field `json:"errors,omitempty"`
}

// NewProblem returns a problem with a status's standard title.
func NewProblem(status int, detail string) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail}
}

// Error implements error.
func (p *Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.Title)
	if p.Detail != "" {
		b.WriteString(": " + p.Detail)
	}
	for _, e := range p.Errors {
		b.WriteString("; " + e.Field + ": " + e.Message)
	}
	return b.String()
}

// ProblemOf turns an error into the problem that a caller may see: a *Problem as it
// is, an *input.Error as 400, docstore's errors as 404 and 409, anything else as a
// 500 without details.
func ProblemOf(err error) *Problem {
	var p *Problem
	var wrong *input.Error
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &wrong):
		p = NewProblem(http.StatusBadRequest, wrong.Reason)
		p.Errors = wrong.Fields
		return p
	case errors.Is(err, docstore.ErrNotFound):
		return NewProblem(http.StatusNotFound, "there is no such resource")
	case errors.Is(err, docstore.ErrExists):
		return NewProblem(http.StatusConflict, "the id is already taken")
	case errors.Is(err, docstore.ErrConflict):
		return NewProblem(http.StatusConflict, "the resource was changed meanwhile")
	}
	return NewProblem(http.StatusInternalServerError, "")
}

// WriteProblem answers with a problem document.
func WriteProblem(w http.ResponseWriter, p *Problem) {
	body, err := json.Marshal(p)
	if err != nil { // cannot happen: a Problem holds nothing but strings and a number
		http.Error(w, p.Title, p.Status)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(body, '\n'))
}
