package eventbus

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"sync"

	"github.com/go-playground/validator/v10"
)

// Mux is a Callback that routes by event type. Messages of a type it has no
// callback for are ignored, and counted by the consumer's Observer.
// On and Handle may be called while messages arrive.
type Mux struct {
	mu        sync.RWMutex
	callbacks map[string]Callback
	validate  *validator.Validate
}

// NewMux returns an empty Mux.
func NewMux() *Mux {
	return &Mux{
		callbacks: make(map[string]Callback),
		validate:  validator.New(validator.WithRequiredStructEnabled()),
	}
}

// On routes an event type to a callback. It returns ErrNoEventType,
// ErrNoCallback or, when the type has a callback already, ErrAlreadyRegistered.
func (m *Mux) On(eventType string, callback Callback) error {
	if eventType == "" {
		return ErrNoEventType
	}
	if callback == nil {
		return fmt.Errorf("%w: event type %q", ErrNoCallback, eventType)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, taken := m.callbacks[eventType]; taken {
		return fmt.Errorf("%w: event type %q", ErrAlreadyRegistered, eventType)
	}
	m.callbacks[eventType] = callback
	return nil
}

// Notify implements Callback.
func (m *Mux) Notify(ctx context.Context, msg *Message) error {
	m.mu.RLock()
	callback := m.callbacks[msg.EventType]
	m.mu.RUnlock()
	if callback == nil {
		return nil
	}
	return callback.Notify(ctx, msg)
}

func (m *Mux) accepts(eventType string) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	_, ok := m.callbacks[eventType]
	return ok
}

// Event is a message with its payload decoded.
type Event[T any] struct {
	*Message
	Data T
}

// Handle routes an event type of m to a function that wants its payload as a T.
// The payload must be one JSON value whose fields have T's types (fields that T
// lacks are ignored, so that publishers can add some), and must satisfy T's
// `validate` tags; otherwise the message is a dead letter at once. Errors are
// those of Mux.On.
func Handle[T any](m *Mux, eventType string, fn func(ctx context.Context, ev Event[T]) error) error {
	if fn == nil {
		return fmt.Errorf("%w: event type %q", ErrNoCallback, eventType)
	}
	return m.On(eventType, CallbackFunc(func(ctx context.Context, msg *Message) error {
		data, err := decode[T](ctx, m.validate, msg.Payload)
		if err != nil {
			return Permanent(fmt.Errorf("eventbus: payload of %s: %w", msg.EventType, err))
		}
		return fn(ctx, Event[T]{Message: msg, Data: data})
	}))
}

func decode[T any](ctx context.Context, validate *validator.Validate, payload json.RawMessage) (T, error) {
	var data T
	if err := json.Unmarshal(payload, &data); err != nil {
		return data, fmt.Errorf("%w: %w", ErrUndecodable, err)
	}
	value := reflect.ValueOf(&data).Elem()
	for value.Kind() == reflect.Pointer && !value.IsNil() {
		value = value.Elem()
	}
	if value.Kind() != reflect.Struct {
		return data, nil
	}
	if err := validate.StructCtx(ctx, value.Addr().Interface()); err != nil {
		return data, fmt.Errorf("%w: %w", ErrUndecodable, err)
	}
	return data, nil
}
