// Package kafkabus is the reliable Kafka transport of eventbus: watermill-kafka
// (on sarama) with its traps closed. Its publishers and subscribers are plain
// Watermill ones and can be used with a Watermill Router alone.
//
// What it adds to watermill-kafka:
//
//   - A subscription that ends, and a rebalance, wait for the message in flight
//     of each partition and commit it; watermill-kafka loses the mark.
//   - A record is delivered as it is, whatever its bytes: an unmarshal error would
//     make the group rejoin for ever and block the partition.
//   - A subscription that ends while the broker is away does not wait between
//     retries, and for at most ConsumerConfig.DrainTimeout and 5 s in all.
//   - New groups start at the oldest record; topics are created up front.
//   - A slice is published in one go, idempotently, with acks of all replicas,
//     and keys go to the partition every Kafka client would choose (murmur2).
//
// Order: one message of a partition is in flight at a time. Delivery: at least
// once; after a crash the messages of the last CommitInterval may come again.
package kafkabus

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/IBM/sarama"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/hexplane/hexplane/eventbus"
)

// Config says where the brokers are. Every field but Brokers has a default.
type Config struct {
	// Brokers are the addresses to start from, host:port.
	Brokers []string
	// TLS, when set, encrypts every connection.
	TLS *tls.Config
	// SASL, when its Mechanism is set, authenticates every connection.
	SASL SASL
	// Partitions and Replicas are those of topics that do not exist yet.
	// Default: the brokers' own defaults.
	Partitions int32
	Replicas   int16
	// ConnectTimeout bounds the wait for a broker. Default: 5 s.
	ConnectTimeout time.Duration
	// Sarama, when set, is called last with each sarama configuration made.
	Sarama func(*sarama.Config)
}

// SASL is how to authenticate. It never shows its password when printed.
type SASL struct {
	Mechanism string // PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512
	Username  string
	Password  string
}

// String hides the password.
func (s SASL) String() string { return s.Mechanism + " " + s.Username }

// GoString hides the password.
func (s SASL) GoString() string { return s.String() }

// LogValue hides the password.
func (s SASL) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Transport implements eventbus.Transport and eventbus.Scanner. It holds no
// connection itself and is safe for concurrent use.
type Transport struct {
	cfg Config

	mu    sync.Mutex
	known map[string]bool // topics that exist
}

// New returns a transport; it does not connect yet.
func New(cfg Config) *Transport {
	if cfg.ConnectTimeout <= 0 {
		cfg.ConnectTimeout = 5 * time.Second
	}
	if cfg.Partitions == 0 {
		cfg.Partitions = -1
	}
	if cfg.Replicas == 0 {
		cfg.Replicas = -1
	}
	return &Transport{cfg: cfg, known: make(map[string]bool)}
}

// Publisher implements eventbus.Transport. It returns an
// *eventbus.UnreachableError when no broker answers.
func (t *Transport) Publisher(cfg eventbus.ProducerConfig) (message.Publisher, error) {
	return newPublisher(t, cfg.WithDefaults())
}

// Subscriber implements eventbus.Transport. It connects when a topic is
// subscribed to. Without a group, every Subscribe gets every record.
func (t *Transport) Subscriber(cfg eventbus.ConsumerConfig) (message.Subscriber, error) {
	if len(t.cfg.Brokers) == 0 {
		return nil, t.unreachable(time.Now(), sarama.ErrOutOfBrokers)
	}
	return newSubscriber(t, cfg.WithDefaults())
}

// unreachable names the brokers and the time since start.
func (t *Transport) unreachable(start time.Time, err error) error {
	return &eventbus.UnreachableError{
		Address: strings.Join(t.cfg.Brokers, ","), After: time.Since(start), Err: err,
	}
}

func codec(c eventbus.Compression) (sarama.CompressionCodec, error) {
	var codec sarama.CompressionCodec
	if c == eventbus.CompressionNone {
		return sarama.CompressionNone, nil
	}
	if err := codec.UnmarshalText([]byte(c)); err != nil {
		return codec, fmt.Errorf("kafkabus: %w", err)
	}
	return codec, nil
}
