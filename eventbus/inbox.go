package eventbus

import "context"

// Inbox remembers which messages a group has handled. Package sqlbox has one.
type Inbox interface {
	// Once runs effect unless it ran to its end before for that group and message
	// id, and remembers it together with what effect did: both or neither. It
	// returns effect's error.
	Once(ctx context.Context, group, id string, effect func(ctx context.Context) error) error
}

// Once returns a callback that hands each message to next once, however often it
// comes: what next does through the inbox's store happens exactly once. A message
// without an id is handed on each time; one of an event type that next, a Mux, has
// no callback for is ignored, and not remembered.
func Once(inbox Inbox, next Callback) Callback { return once{inbox, next} }

type once struct {
	inbox Inbox
	next  Callback
}

// Notify implements Callback.
func (o once) Notify(ctx context.Context, msg *Message) error {
	if msg.ID == "" {
		return o.next.Notify(ctx, msg)
	}
	delivery, _ := DeliveryFrom(ctx)
	return o.inbox.Once(ctx, delivery.Group, msg.ID, func(ctx context.Context) error { return o.next.Notify(ctx, msg) })
}

func (o once) accepts(eventType string) bool {
	filter, ok := o.next.(eventFilter)
	return !ok || filter.accepts(eventType)
}
