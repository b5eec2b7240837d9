// Package compare holds what the HomeSecure backend holds against what it must hold,
// document by document and field by field.
package compare

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hexplane/hexplane/internal/fullsync/expect"
)

// Place names a document in the backend: its realm, kind and id.
type Place struct {
	ISPID, Kind, ID string
}

// String is the document's path.
func (p Place) String() string { return p.ISPID + "/" + p.Kind + "/" + p.ID }

// Row counts the documents of one kind.
type Row struct {
	Kind      string
	Expected  int // that the input demands
	Applied   int // that the backend holds
	Identical int // expected, held, and equal in every field
	Missing   int // expected and not held
	Different int // held and not equal, or held and not expected
}

// Difference is one field in which a document is not what it must be.
type Difference struct {
	Place

	Field string // path within the document; empty: the whole document
	Want  string
	Got   string
}

// String reads as a line of a report.
func (d Difference) String() string {
	field := d.Field
	if field == "" {
		field = "(document)"
	}
	return fmt.Sprintf("%s %s: want %s, got %s", d.Place, field, d.Want, d.Got)
}

// Result is the outcome of one comparison.
type Result struct {
	Rows        []Row        // by kind, in the order of expect.Kinds
	Differences []Difference // the first ones, at most the limit given to New
}

// Identical tells whether the backend holds every document that the input demands,
// nothing else, and at least one.
func (r Result) Identical() bool {
	total := r.Total()
	return total.Expected > 0 && total.Identical == total.Expected && total.Applied == total.Expected &&
		total.Missing == 0 && total.Different == 0
}

// Total sums the rows.
func (r Result) Total() Row {
	total := Row{Kind: "total"}
	for _, row := range r.Rows {
		total.Expected += row.Expected
		total.Applied += row.Applied
		total.Identical += row.Identical
		total.Missing += row.Missing
		total.Different += row.Different
	}
	return total
}

// Comparison compares one document after the other. It is not for concurrent use.
type Comparison struct {
	actual map[Place][]byte
	limit  int
	rows   map[string]*Row
	diffs  []Difference
}

// New starts a comparison with what the backend holds, as JSON. The map is used up. At
// most limit differences are kept.
func New(actual map[Place][]byte, limit int) *Comparison {
	c := &Comparison{actual: actual, limit: limit, rows: map[string]*Row{}}
	for place := range actual {
		c.row(place.Kind).Applied++
	}
	return c
}

// Expect compares one document that the backend must hold.
func (c *Comparison) Expect(doc expect.Document) {
	place := Place{ISPID: doc.ISPID, Kind: doc.Kind, ID: doc.ID}
	row := c.row(doc.Kind)
	row.Expected++
	raw, held := c.actual[place]
	if !held {
		row.Missing++
		c.add(Difference{Place: place, Want: "a document", Got: "none"})
		return
	}
	delete(c.actual, place)
	got, err := expect.Decode(raw)
	if err != nil {
		row.Different++
		c.add(Difference{Place: place, Want: "JSON", Got: err.Error()})
		return
	}
	same := true
	walk("", doc.Want, got, func(field, want, got string) {
		same = false
		c.add(Difference{Place: place, Field: field, Want: want, Got: got})
	})
	if same {
		row.Identical++
	} else {
		row.Different++
	}
}

// Finish counts what is left in the backend as different, since nothing demands it.
func (c *Comparison) Finish() Result {
	for _, place := range slices.SortedFunc(maps.Keys(c.actual), comparePlaces) {
		c.row(place.Kind).Different++
		c.add(Difference{Place: place, Want: "no document", Got: "one"})
	}
	result := Result{Differences: c.diffs}
	for _, kind := range expect.Kinds() {
		result.Rows = append(result.Rows, *c.row(kind))
		delete(c.rows, kind)
	}
	for _, kind := range slices.Sorted(maps.Keys(c.rows)) {
		result.Rows = append(result.Rows, *c.rows[kind])
	}
	return result
}

func (c *Comparison) row(kind string) *Row {
	if c.rows[kind] == nil {
		c.rows[kind] = &Row{Kind: kind}
	}
	return c.rows[kind]
}

func (c *Comparison) add(d Difference) {
	if len(c.diffs) < c.limit {
		c.diffs = append(c.diffs, d)
	}
}

func comparePlaces(a, b Place) int { return strings.Compare(a.String(), b.String()) }
