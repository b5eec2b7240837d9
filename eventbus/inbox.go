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
// without an id is handed on each time.
func Once(inbox Inbox, next Callback) Callback {
	return CallbackFunc(func(ctx context.Context, msg *Message) error {
		if msg.ID == "" {
			return next.Notify(ctx, msg)
		}
		delivery, _ := DeliveryFrom(ctx)
		return inbox.Once(ctx, delivery.Group, msg.ID, func(ctx context.Context) error { return next.Notify(ctx, msg) })
	})
}
