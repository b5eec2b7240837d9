package sqlrows

import (
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun/schema"
)

// array is the text of a PostgreSQL array, which any driver can send.
type array struct{ strings.Builder }

func (a *array) separate() {
	if a.Len() == 0 {
		a.WriteByte('{')
	} else {
		a.WriteByte(',')
	}
}

func (a *array) end() string {
	if a.Len() == 0 {
		return "{}"
	}
	a.WriteByte('}')
	return a.String()
}

// quote adds a text.
func (a *array) quote(text string) {
	a.separate()
	a.WriteByte('"')
	for {
		at := strings.IndexAny(text, `"\`)
		if at < 0 {
			break
		}
		a.WriteString(text[:at])
		a.WriteByte('\\')
		a.WriteByte(text[at])
		text = text[at+1:]
	}
	a.WriteString(text)
	a.WriteByte('"')
}

// plain adds what needs no quotes.
func (a *array) plain(text string) {
	a.separate()
	a.WriteString(text)
}

// add adds a value of a cell.
func (a *array) add(value any) error {
	if valuer, ok := value.(driver.Valuer); ok {
		var err error
		if value, err = valuer.Value(); err != nil {
			return err
		}
	}
	switch v := value.(type) {
	case nil:
		a.plain("NULL")
	case string:
		a.quote(v)
	case []byte:
		a.quote(`\x` + hex.EncodeToString(v))
	case time.Time:
		a.quote(v.Format(time.RFC3339Nano))
	case bool:
		a.plain(strconv.FormatBool(v))
	case int64:
		a.plain(strconv.FormatInt(v, 10))
	default:
		return fmt.Errorf("sqlrows: no array of %T", value)
	}
	return nil
}

// element is the type of a column's values in an array. Where the column has
// another, PostgreSQL converts to it.
func element(f *schema.Field) string {
	t := f.StructField.Type
	switch {
	case t == reflect.TypeFor[time.Time]():
		return "timestamptz"
	case t == reflect.TypeFor[[]byte]():
		return "bytea"
	case t.Implements(reflect.TypeFor[driver.Valuer]()):
		return "text"
	}
	switch t.Kind() {
	case reflect.Map:
		return "jsonb"
	case reflect.Bool:
		return "boolean"
	case reflect.Int64:
		return "bigint"
	default:
		return "text"
	}
}
