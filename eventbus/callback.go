package eventbus

import "context"

// Callback is told of every message of the topics it is registered for.
//
// Notify returns nil when its effect is durable: the message is then done and
// will not come again, except after a crash. Any error, and any panic, is a
// failed attempt and is handled by the consumer's FailurePolicy; an error marked
// by Permanent sends the message to the dead-letter topic at once.
//
// Notify is called for one message of a key at a time; different keys may be
// handled at the same time. Its context is not canceled when the consumer
// closes, only when the drain deadline has passed.
type Callback interface {
	Notify(ctx context.Context, msg *Message) error
}

// CallbackFunc is a function as a Callback.
type CallbackFunc func(ctx context.Context, msg *Message) error

// Notify calls f.
func (f CallbackFunc) Notify(ctx context.Context, msg *Message) error { return f(ctx, msg) }

// Registry joins a topic to the callback that handles it.
type Registry struct {
	Topic    string
	Callback Callback
}

// Delivery says where the message being handled came from.
type Delivery struct {
	Group     string
	Topic     string // the topic registered, also when a retry topic brought it
	Partition int32  // -1 when the transport has none
	Offset    int64  // -1 when the transport has none
	Attempt   int    // 1 for the first attempt
}

// handling is the context of a callback: it says which delivery it belongs to,
// and which trace its message continues.
type handling struct {
	context.Context //nolint:containedctx // it is one
	of              *registration
	trace           map[string]string
	offset          int64
	partition       int32
	attempt         int32
}

type handlingKey struct{}

func (h *handling) Value(key any) any {
	if key == (handlingKey{}) {
		return h
	}
	return h.Context.Value(key)
}

// DeliveryFrom returns the delivery a callback's context belongs to.
func DeliveryFrom(ctx context.Context) (Delivery, bool) {
	h, ok := ctx.Value(handlingKey{}).(*handling)
	if !ok {
		return Delivery{}, false
	}
	return Delivery{
		Group: h.of.c.cfg.Group, Topic: h.of.topic, Partition: h.partition, Offset: h.offset, Attempt: int(h.attempt),
	}, true
}

// TraceFrom returns the trace context of the message whose callback ctx belongs
// to, nil when it belongs to none: what the callback publishes continues that trace.
// The map is the message's and must not be changed.
func TraceFrom(ctx context.Context) map[string]string {
	if h, ok := ctx.Value(handlingKey{}).(*handling); ok {
		return h.trace
	}
	return nil
}

// eventFilter is implemented by callbacks that know which event types they
// handle, so that the others need not be decoded.
type eventFilter interface {
	accepts(eventType string) bool
}
