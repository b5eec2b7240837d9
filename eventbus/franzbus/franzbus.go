// Package franzbus is the performant Kafka transport of eventbus, on franz-go.
// Its publishers and subscribers are plain Watermill ones and can be used with
// a Watermill Router alone.
//
// Publishing a slice enqueues it whole and waits once: idempotent, with acks of
// all in-sync replicas.
//
// A subscriber is one client for all its topics. Records of one key are handled
// strictly in order, different keys in parallel, also inside one partition: each
// key with work to do has a lane of its own, and ConsumerConfig.Lanes bounds how
// many run at once. Records without a key each have their own lane.
//
// At most ConsumerConfig.Window records of a partition are between the committed
// position and the newest record handed out, at most 4096 of them not finished. Only
// the contiguous finished prefix is committed, so that a crash loses nothing and
// repeats at most the window.
// When a partition is revoked, a topic is stopped, or the subscriber closes,
// records that were not started are dropped, those behind a started one are
// finished, and then the position is committed: nothing is repeated.
package franzbus

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

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
	// SessionTimeout is how long the group waits for a member that is silent.
	// Default: 10 s.
	SessionTimeout time.Duration
	// Options are added to every franz-go client made, after our own.
	Options []kgo.Opt
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
	if cfg.SessionTimeout <= 0 {
		cfg.SessionTimeout = 10 * time.Second
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

// Subscriber implements eventbus.Transport. It returns an
// *eventbus.UnreachableError when no broker answers. Without a group, it reads
// every record of its topics and commits nothing.
func (t *Transport) Subscriber(cfg eventbus.ConsumerConfig) (message.Subscriber, error) {
	return newSubscriber(t, cfg.WithDefaults())
}

// client returns a client that has spoken to a broker.
func (t *Transport) client(tag string, opts ...kgo.Opt) (*kgo.Client, error) {
	all := []kgo.Opt{
		kgo.SeedBrokers(t.cfg.Brokers...), kgo.ClientID(tag), kgo.DialTimeout(t.cfg.ConnectTimeout),
	}
	if t.cfg.TLS != nil {
		all = append(all, kgo.DialTLSConfig(t.cfg.TLS))
	}
	auth, err := t.cfg.SASL.option()
	if err != nil {
		return nil, err
	}
	all = append(append(append(all, auth...), opts...), t.cfg.Options...)
	start := time.Now()
	if len(t.cfg.Brokers) == 0 {
		return nil, t.unreachable(start, fmt.Errorf("no brokers configured"))
	}
	client, err := kgo.NewClient(all...)
	if err != nil {
		return nil, fmt.Errorf("franzbus: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), t.cfg.ConnectTimeout)
	defer cancel()
	if err := client.Ping(ctx); err != nil {
		client.Close()
		return nil, t.unreachable(start, err)
	}
	return client, nil
}

func (t *Transport) unreachable(start time.Time, err error) error {
	return &eventbus.UnreachableError{
		Address: strings.Join(t.cfg.Brokers, ","), After: time.Since(start), Err: err,
	}
}

func (s SASL) option() ([]kgo.Opt, error) {
	auth := scram.Auth{User: s.Username, Pass: s.Password}
	switch s.Mechanism {
	case "":
		return nil, nil
	case "PLAIN":
		return []kgo.Opt{kgo.SASL(plain.Auth{User: s.Username, Pass: s.Password}.AsMechanism())}, nil
	case "SCRAM-SHA-256":
		return []kgo.Opt{kgo.SASL(auth.AsSha256Mechanism())}, nil
	case "SCRAM-SHA-512":
		return []kgo.Opt{kgo.SASL(auth.AsSha512Mechanism())}, nil
	}
	return nil, fmt.Errorf("franzbus: unknown SASL mechanism %q", s.Mechanism)
}
