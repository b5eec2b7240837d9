package statedb

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
)

// jsonText is a column that holds a value as JSON text.
type jsonText[T any] struct{ value T }

// Value implements driver.Valuer.
func (j jsonText[T]) Value() (driver.Value, error) {
	raw, err := json.Marshal(j.value)
	if err != nil {
		return nil, fmt.Errorf("statedb: encode a column: %w", err)
	}
	return string(raw), nil
}

// Scan implements sql.Scanner.
func (j *jsonText[T]) Scan(source any) error {
	var raw []byte
	switch text := source.(type) {
	case string:
		raw = []byte(text)
	case []byte:
		raw = text
	default:
		return fmt.Errorf("statedb: a JSON column holds a %T", source)
	}
	if err := json.Unmarshal(raw, &j.value); err != nil {
		return fmt.Errorf("statedb: decode a column: %w", err)
	}
	return nil
}
