package service

import "github.com/hexplane/hexplane/eventbus"

// Bus makes the consumers and producers of one service.
type Bus struct {
	*eventbus.Factory

	transport eventbus.Transport
	cfg       eventbus.FactoryConfig
}

// NewBus returns the bus over a transport; cfg is shared by all that it makes.
func NewBus(transport eventbus.Transport, cfg eventbus.FactoryConfig) *Bus {
	return &Bus{Factory: eventbus.NewFactory(transport, cfg), transport: transport, cfg: cfg}
}

// Group returns the consumer that c describes, with nothing registered yet. The
// caller closes it.
func (b *Bus) Group(c Consumer) (*eventbus.Consumer, error) {
	if c.ClientType == "" {
		c.ClientType = eventbus.ClientDefault
	}
	cfg := b.cfg
	if c.Failure != nil {
		cfg.Consumer.Failure = *c.Failure
	}
	return eventbus.NewFactory(b.transport, cfg).Consumer(c.Group, c.ClientType)
}
