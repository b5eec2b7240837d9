package eventbus

import (
	"log/slog"
	"time"
)

// CommitMode says when a transport tells the broker what is done. In every mode
// only finished messages are committed, so a crash loses nothing; the mode
// decides how many finished ones may come again after it.
type CommitMode int

// The commit modes.
const (
	// CommitPeriodic commits every CommitInterval: the seeds' auto_commit.
	CommitPeriodic CommitMode = iota
	// CommitAsync commits as messages finish, without waiting for the broker.
	CommitAsync
	// CommitSync commits as messages finish, and waits for the broker.
	CommitSync
)

// ConsumerConfig configures one consumer. The zero value of every field but
// Group means its default.
type ConsumerConfig struct {
	// Tag names the client in the broker's and our own logs. Default: the group.
	Tag string
	// Group is the consumer group: each message goes to one consumer of a group.
	Group string
	// ClientType chooses the serializer. Default: ClientDefault.
	ClientType ClientType
	// Commit says when finished messages are committed. Default: CommitPeriodic.
	Commit CommitMode
	// CommitInterval is the time between periodic commits. Default: 1 s.
	CommitInterval time.Duration
	// Window bounds the messages of one partition that were handled, or are, and are
	// not yet committed: what may come again after a crash. A small one makes fast
	// callbacks wait for commits. Default: 16384.
	Window int
	// Lanes bounds how many keys are handled at the same time, where the
	// transport handles keys in parallel. Default: 256.
	Lanes int
	// DrainTimeout is how long Unregister, and a rebalance, wait for messages in
	// flight. Close waits for its context instead. Default: 30 s. It may be longer than
	// the group's session timeout: Kafka members send heartbeats while they drain, and
	// the rebalance waits for them. Meanwhile nobody handles the partitions that move.
	DrainTimeout time.Duration
	// Failure says what happens to a message whose callback fails.
	Failure FailurePolicy
	// Logger defaults to slog.Default().
	Logger *slog.Logger
	// Observer is told what happens, for metrics. Default: nobody.
	Observer Observer
	// Tracer makes spans. Default: the trace context is passed on, without spans.
	Tracer Tracer
	// Serializers adds to, or replaces, the serializer of ClientDefault.
	Serializers map[ClientType]Serializer
}

// Compression is the codec of a producer's batches.
type Compression string

// The codecs every Kafka broker understands.
const (
	CompressionNone   Compression = ""
	CompressionSnappy Compression = "snappy"
	CompressionLZ4    Compression = "lz4"
	CompressionZstd   Compression = "zstd"
	CompressionGzip   Compression = "gzip"
)

// ProducerConfig configures one producer. The zero value of every field means
// its default.
type ProducerConfig struct {
	// Tag names the client in the broker's and our own logs. Default: "eventbus".
	Tag string
	// ClientType chooses the serializer. Default: ClientDefault.
	ClientType ClientType
	// FlushEveryMessage waits for the broker after each message of a slice, so
	// that a failure keeps later messages of that slice from being sent.
	FlushEveryMessage bool
	// Linger is how long a batch waits for company. Default: 0.
	Linger time.Duration
	// Compression is the codec of batches. Default: none.
	Compression Compression
	// MaxBytes bounds one message: key, value and headers. Default: 1,000,000.
	MaxBytes int
	// Timeout bounds one Publish whose context has no deadline. Default: 30 s.
	Timeout time.Duration
	// Logger, Observer, Tracer and Serializers are as in ConsumerConfig.
	Logger      *slog.Logger
	Observer    Observer
	Tracer      Tracer
	Serializers map[ClientType]Serializer
}

// WithDefaults returns the configuration with every default filled in; adapters
// are always given such a one.
func (c ConsumerConfig) WithDefaults() ConsumerConfig {
	c.Tag = orDefault(c.Tag, c.Group)
	c.ClientType = orDefault(c.ClientType, ClientDefault)
	c.CommitInterval = orDefault(c.CommitInterval, time.Second)
	c.Window = orDefault(c.Window, 16384)
	c.Lanes = orDefault(c.Lanes, 256)
	c.DrainTimeout = orDefault(c.DrainTimeout, 30*time.Second)
	c.Failure = c.Failure.withDefaults()
	c.Logger = orDefault(c.Logger, slog.Default())
	if c.Observer == nil {
		c.Observer = noObserver{}
	}
	if c.Tracer == nil {
		c.Tracer = passTrace{}
	}
	return c
}

// WithDefaults returns the configuration with every default filled in.
func (c ProducerConfig) WithDefaults() ProducerConfig {
	c.Tag = orDefault(c.Tag, "eventbus")
	c.ClientType = orDefault(c.ClientType, ClientDefault)
	c.MaxBytes = orDefault(c.MaxBytes, 1_000_000)
	c.Timeout = orDefault(c.Timeout, 30*time.Second)
	c.Logger = orDefault(c.Logger, slog.Default())
	if c.Observer == nil {
		c.Observer = noObserver{}
	}
	if c.Tracer == nil {
		c.Tracer = passTrace{}
	}
	return c
}

func orDefault[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

func serializerOf(ct ClientType, extra map[ClientType]Serializer) (Serializer, error) {
	if s, ok := extra[ct]; ok && s != nil {
		return s, nil
	}
	if ct == ClientDefault {
		return JSONSerializer{}, nil
	}
	return nil, unknownClientType(ct)
}
