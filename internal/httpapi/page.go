package httpapi

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"strconv"
	"unicode/utf8"

	"github.com/hexplane/hexplane/internal/input"
)

// Limits of a page.
const (
	DefaultLimit = 50
	MaxLimit     = 500
)

// Page is what a caller asks of a list: query parameters limit and after.
type Page struct {
	After string // the id after which the page starts; empty: from the first
	Limit int    // 1 to MaxLimit
}

// List is the answer to a list request. Next is the cursor to give as after; it is
// absent on the last page.
type List[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

// PageOf reads the page that a request asks for, or returns an *input.Error that
// names the parameter.
func PageOf(r *http.Request) (Page, error) {
	page := Page{Limit: DefaultLimit}
	query := r.URL.Query()
	if text := query.Get("limit"); text != "" {
		limit, err := strconv.Atoi(text)
		if err != nil || limit < 1 || limit > MaxLimit {
			return Page{}, input.Invalid("limit", "must be a number from 1 to "+strconv.Itoa(MaxLimit))
		}
		page.Limit = limit
	}
	after, err := base64.RawURLEncoding.DecodeString(query.Get("after"))
	if err != nil || !utf8.Valid(after) || bytes.IndexByte(after, 0) >= 0 { // ids are text
		return Page{}, input.Invalid("after", "is not a cursor of this list")
	}
	page.After = string(after)
	return page, nil
}

// NewList returns a page of a list. Ask the store for page.Limit+1 items: the extra
// one tells that there is a next page, and is dropped. id names an item's id.
func NewList[T any](items []T, page Page, id func(T) string) List[T] {
	list := List[T]{Items: items}
	if list.Items == nil {
		list.Items = []T{}
	}
	if len(items) > page.Limit {
		list.Items = items[:page.Limit]
		list.Next = base64.RawURLEncoding.EncodeToString([]byte(id(list.Items[page.Limit-1])))
	}
	return list
}
