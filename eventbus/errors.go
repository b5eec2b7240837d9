package eventbus

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// What can be wrong with a call; match them with errors.Is.
var (
	// ErrNoTopic says that a message or a registry names no topic.
	ErrNoTopic = errors.New("eventbus: no topic")
	// ErrNoEventType says that a message has no event type.
	ErrNoEventType = errors.New("eventbus: no event type")
	// ErrPayloadNotJSON says that a payload is not one JSON value.
	ErrPayloadNotJSON = errors.New("eventbus: payload is not JSON")
	// ErrTooLarge says that a message is over the producer's limit; see TooLargeError.
	ErrTooLarge = errors.New("eventbus: message too large")
	// ErrUnknownClientType says that no serializer is known for a client type.
	ErrUnknownClientType = errors.New("eventbus: unknown client type")
	// ErrAlreadyRegistered says that a topic, or an event type of a Mux, is taken.
	ErrAlreadyRegistered = errors.New("eventbus: already registered")
	// ErrNotRegistered says that a topic is not registered.
	ErrNotRegistered = errors.New("eventbus: not registered")
	// ErrNoCallback says that a registry or a Mux was given nothing to call.
	ErrNoCallback = errors.New("eventbus: no callback")
	// ErrNoGroup says that a consumer was asked for without a group.
	ErrNoGroup = errors.New("eventbus: no consumer group")
	// ErrConfig says that a setting makes no sense, and which.
	ErrConfig = errors.New("eventbus: bad configuration")
	// ErrClosed says that the producer or consumer was closed before the call.
	ErrClosed = errors.New("eventbus: closed")
	// ErrUnreachable says that no broker answered, or that none let us in: its
	// certificate, or our credentials, were refused; see UnreachableError.
	ErrUnreachable = errors.New("eventbus: broker unreachable")
	// ErrUnsupported says that the transport cannot do what was asked.
	ErrUnsupported = errors.New("eventbus: not supported by the transport")
	// ErrUndecodable says that a record is not a message of its client type.
	ErrUndecodable = errors.New("eventbus: undecodable record")
)

// TooLargeError is an ErrTooLarge that says by how much.
type TooLargeError struct {
	Topic       string
	Size, Limit int // bytes: key, value and headers
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("%v: %d bytes for topic %q, the limit is %d", ErrTooLarge, e.Size, e.Topic, e.Limit)
}

// Is matches ErrTooLarge.
func (e *TooLargeError) Is(target error) bool { return target == ErrTooLarge }

// UnreachableError is an ErrUnreachable that names the address and the time spent.
type UnreachableError struct {
	Address string
	After   time.Duration
	Err     error
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("%v: %s after %s: %v", ErrUnreachable, e.Address, e.After.Round(time.Millisecond), e.Err)
}

// Is matches ErrUnreachable.
func (e *UnreachableError) Is(target error) bool { return target == ErrUnreachable }

// Unwrap returns the client library's error.
func (e *UnreachableError) Unwrap() error { return e.Err }

// PublishError says which messages of one Publish did not reach the broker;
// all others did. It unwraps to the failures' errors.
type PublishError struct {
	Failed []PublishFailure // in the order of the call's arguments
	Total  int              // messages in the call
}

// PublishFailure is one message that was not published, and why.
type PublishFailure struct {
	Index   int // among the call's arguments
	Message *Message
	Err     error
}

func (e *PublishError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "eventbus: %d of %d messages not published:", len(e.Failed), e.Total)
	for i, f := range e.Failed {
		if i == 3 {
			b.WriteString(" ...")
			break
		}
		fmt.Fprintf(&b, " [%d] %v;", f.Index, f.Err)
	}
	return strings.TrimSuffix(b.String(), ";")
}

// Unwrap returns the error of every failure.
func (e *PublishError) Unwrap() []error {
	errs := make([]error, len(e.Failed))
	for i, f := range e.Failed {
		errs[i] = f.Err
	}
	return errs
}

// Refused reports whether a message that Publish failed with err would fail again
// for ever: it is too large or not a message at all, or err was marked by Permanent,
// as that of a topic whose name the broker does not take is.
func Refused(err error) bool {
	return IsPermanent(err) || errors.Is(err, ErrTooLarge) || errors.Is(err, ErrPayloadNotJSON) ||
		errors.Is(err, ErrNoTopic) || errors.Is(err, ErrNoEventType)
}

type permanentError struct{ err error }

func (e *permanentError) Error() string { return e.err.Error() }
func (e *permanentError) Unwrap() error { return e.err }

// Permanent marks an error as one that no further attempt can cure: the message
// goes to the dead-letter topic at once. Permanent(nil) is nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanentError{err}
}

// IsPermanent reports whether err or anything it wraps was marked by Permanent.
func IsPermanent(err error) bool {
	var p *permanentError
	return errors.As(err, &p)
}
