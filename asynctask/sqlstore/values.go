package sqlstore

import (
	"reflect"

	"github.com/uptrace/bun/schema"
)

// values is the list of rows after VALUES: "(1, 'a'), (2, 'b')".
type values [][]any

// AppendQuery implements schema.QueryAppender.
func (v values) AppendQuery(gen schema.QueryGen, b []byte) ([]byte, error) {
	for i, row := range v {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '(')
		for j, cell := range row {
			if j > 0 {
				b = append(b, ',')
			}
			if cell == nil {
				b = append(b, "NULL"...)
				continue
			}
			b = gen.AppendValue(b, reflect.ValueOf(cell))
		}
		b = append(b, ')')
	}
	return b, nil
}

// maxJoined is the most rows of values that a statement joins with the
// requests: from a few hundred on PostgreSQL would rather read a whole table of
// moderate size than look each up.
const maxJoined = 100

// null is nil for a zero value, which becomes NULL.
func null[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}
