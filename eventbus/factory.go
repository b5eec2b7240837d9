package eventbus

import (
	"fmt"
	"log/slog"
)

// Factory makes consumers and producers that share a transport and settings.
// It holds nothing that needs closing; what it makes belongs to the caller.
type Factory struct {
	transport Transport
	cfg       FactoryConfig
}

// FactoryConfig is what the consumers and producers of a Factory share.
type FactoryConfig struct {
	// Logger, Observer, Tracer and Serializers are given to every consumer and
	// producer whose template does not have its own.
	Logger      *slog.Logger
	Observer    Observer
	Tracer      Tracer
	Serializers map[ClientType]Serializer
	// Consumer is the template of consumers; Group and ClientType are replaced.
	Consumer ConsumerConfig
	// Producer is the template of producers; ClientType is replaced.
	Producer ProducerConfig
}

// NewFactory returns a factory on the transport.
func NewFactory(transport Transport, cfg FactoryConfig) *Factory {
	return &Factory{transport: transport, cfg: cfg}
}

// Consumer returns a consumer of the group; errors are those of NewConsumer.
func (f *Factory) Consumer(group string, ct ClientType) (*Consumer, error) {
	cfg := f.cfg.Consumer
	cfg.Group, cfg.ClientType = group, ct
	cfg.Logger = orDefault(cfg.Logger, f.cfg.Logger)
	if cfg.Observer == nil {
		cfg.Observer = f.cfg.Observer
	}
	if cfg.Tracer == nil {
		cfg.Tracer = f.cfg.Tracer
	}
	if cfg.Serializers == nil {
		cfg.Serializers = f.cfg.Serializers
	}
	return NewConsumer(f.transport, cfg)
}

// Producer returns a producer; errors are those of NewProducer.
func (f *Factory) Producer(ct ClientType) (*Producer, error) {
	cfg := f.cfg.Producer
	cfg.ClientType = ct
	cfg.Logger = orDefault(cfg.Logger, f.cfg.Logger)
	if cfg.Observer == nil {
		cfg.Observer = f.cfg.Observer
	}
	if cfg.Tracer == nil {
		cfg.Tracer = f.cfg.Tracer
	}
	if cfg.Serializers == nil {
		cfg.Serializers = f.cfg.Serializers
	}
	return NewProducer(f.transport, cfg)
}

func unknownClientType(ct ClientType) error {
	return fmt.Errorf("%w: %q", ErrUnknownClientType, string(ct))
}
