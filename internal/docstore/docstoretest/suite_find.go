package docstoretest

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/hexplane/hexplane/internal/docstore"
)

func (b *bench) insert(id string, fields ...docstore.Field) {
	b.t.Helper()
	b.write(docstore.Write{ID: id, Op: docstore.OpInsert, Data: []byte(`{}`), Fields: fields})
}

func testFind(t *testing.T, b *bench) {
	for id, v := range map[string]string{"1": "x", "2": "y", "3": "x", "4": "z", "5": "x"} {
		b.insert(id, docstore.Field{Name: "f", Value: v}, docstore.Field{Name: "g", Value: "all"})
	}
	b.insert("6")
	b.write(docstore.Write{
		Collection: "other", ID: "0", Op: docstore.OpInsert, Data: []byte(`{}`),
		Fields: []docstore.Field{{Name: "f", Value: "x"}},
	})

	x := docstore.Query{Field: "f", From: "x", To: "x"}
	tests := map[string]struct {
		query docstore.Query
		want  []string
	}{
		"all":             {docstore.Query{}, []string{"1", "2", "3", "4", "5", "6"}},
		"page":            {docstore.Query{After: "2", Limit: 2}, []string{"3", "4"}},
		"past the end":    {docstore.Query{After: "6"}, []string{}},
		"equal":           {x, []string{"1", "3", "5"}},
		"equal, page":     {docstore.Query{Field: "f", From: "x", To: "x", After: "1", Limit: 1}, []string{"3"}},
		"range":           {docstore.Query{Field: "f", From: "x", To: "y"}, []string{"1", "2", "3", "5"}},
		"range, page":     {docstore.Query{Field: "f", From: "x", To: "y", After: "1", Limit: 2}, []string{"2", "3"}},
		"half-open range": {docstore.Query{Field: "f", From: "", To: "xx"}, []string{"1", "3", "5"}},
		"no such value":   {docstore.Query{Field: "f", From: "q", To: "q"}, []string{}},
		"no such field":   {docstore.Query{Field: "h", From: "", To: "~"}, []string{}},
		"second field":    {docstore.Query{Field: "g", From: "all", To: "all", After: "3"}, []string{"4", "5"}},
	}
	for name, tt := range tests {
		assert.Equal(t, tt.want, b.ids(tt.query), name)
	}
}

func testIndexFollows(t *testing.T, b *bench) {
	find := func(value string) []string {
		return b.ids(docstore.Query{Field: "f", From: value, To: value})
	}
	b.insert("a", docstore.Field{Name: "f", Value: "x"})
	b.write(docstore.Write{ID: "a", Op: docstore.OpReplace, Data: []byte(`{}`), Fields: []docstore.Field{{Name: "f", Value: "y"}}})
	assert.Empty(t, find("x"))
	assert.Equal(t, []string{"a"}, find("y"))
	b.write(docstore.Write{ID: "a", Op: docstore.OpReplace, Data: []byte(`{}`)})
	assert.Empty(t, find("y"), "a document without the field is not in the index")
	b.write(docstore.Write{ID: "a", Op: docstore.OpReplace, Data: []byte(`{}`), Fields: []docstore.Field{{Name: "f", Value: "x"}}})
	assert.Equal(t, []string{"a"}, find("x"))
	b.write(docstore.Write{ID: "a", Op: docstore.OpDelete})
	assert.Empty(t, find("x"))
	b.insert("a", docstore.Field{Name: "f", Value: "y"})
	assert.Empty(t, find("x"))
}

func testByteOrder(t *testing.T, b *bench) {
	for _, id := range []string{"b", "A", "a", "é", "家", "Z", "10", "9"} {
		b.insert(id, docstore.Field{Name: "f", Value: "it's \"quoted\" ? $1"})
	}
	want := []string{"10", "9", "A", "Z", "a", "b", "é", "家"}
	assert.Equal(t, want, b.ids(docstore.Query{}))
	v := "it's \"quoted\" ? $1"
	assert.Equal(t, want, b.ids(docstore.Query{Field: "f", From: v, To: v}))
}
