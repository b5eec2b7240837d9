package eventbustest_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/franzbus"
	"github.com/hexplane/hexplane/eventbus/kafkabus"
)

// access is what a client shows a broker.
type access struct {
	tls                           *tls.Config
	mechanism, username, password string
}

// secured are the adapters that speak TLS and SASL.
func secured(brokers []string, a access) map[string]eventbus.Transport {
	const soon = 2 * time.Second
	return map[string]eventbus.Transport{
		"kafkabus": kafkabus.New(kafkabus.Config{
			Brokers: brokers, TLS: a.tls, ConnectTimeout: soon,
			SASL: kafkabus.SASL{Mechanism: a.mechanism, Username: a.username, Password: a.password},
		}),
		"franzbus": franzbus.New(franzbus.Config{
			Brokers: brokers, TLS: a.tls, ConnectTimeout: soon,
			SASL: franzbus.SASL{Mechanism: a.mechanism, Username: a.username, Password: a.password},
		}),
	}
}

// certificate returns the TLS configuration of a server on loopback, and that of
// clients that trust it.
func certificate(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	s := httptest.NewTLSServer(nil) // made for its certificate
	defer s.Close()
	authorities := x509.NewCertPool()
	authorities.AddCert(s.Certificate())
	return &tls.Config{Certificates: s.TLS.Certificates, MinVersion: tls.VersionTLS12},
		&tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12}
}

func secureBroker(t *testing.T, server *tls.Config) []string {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.TLS(server), kfake.EnableSASL(),
		kfake.Superuser("PLAIN", "anna", "right"), kfake.Superuser("SCRAM-SHA-256", "anna", "right"),
		kfake.Superuser("SCRAM-SHA-512", "anna", "right"))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	return cluster.ListenAddrs()
}

// TestSecureBroker publishes and consumes over TLS with each way to authenticate.
func TestSecureBroker(t *testing.T) {
	server, client := certificate(t)
	brokers := secureBroker(t, server)
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		for name, transport := range secured(brokers, access{client, mechanism, "anna", "right"}) {
			t.Run(name+"/"+mechanism, func(t *testing.T) {
				roundTrip(t, transport, "secure-"+name+"-"+mechanism)
			})
		}
	}
}

// roundTrip publishes one message and waits for it.
func roundTrip(t *testing.T, transport eventbus.Transport, topic string) {
	t.Helper()
	producer, err := eventbus.NewProducer(transport, eventbus.ProducerConfig{})
	require.NoError(t, err)
	defer func() { require.NoError(t, producer.Close()) }()
	msg, err := eventbus.NewMessage(topic, "Sent", "key", "hello")
	require.NoError(t, err)
	require.NoError(t, producer.Publish(t.Context(), msg))

	consumer, err := eventbus.NewConsumer(transport, eventbus.ConsumerConfig{Group: topic, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	defer func() { require.NoError(t, consumer.Close(context.Background())) }()
	got := make(chan string, 1)
	require.NoError(t, consumer.Register(eventbus.Registry{Topic: topic, Callback: eventbus.CallbackFunc(
		func(_ context.Context, msg *eventbus.Message) error {
			got <- msg.ID
			return nil
		})}))
	select {
	case id := <-got:
		require.Equal(t, msg.ID, id)
	case <-time.After(time.Minute):
		require.Fail(t, "the message did not come")
	}
}

// TestAccessDenied: a broker that cannot be used with what the client shows it is an
// UnreachableError that names the address, soon.
func TestAccessDenied(t *testing.T) {
	server, client := certificate(t)
	_, stranger := certificate(t)
	stranger.ServerName = "nobody.invalid"
	brokers := secureBroker(t, server)
	for what, a := range map[string]access{
		"wrong password":       {client, "SCRAM-SHA-512", "anna", "wrong"},
		"wrong password plain": {client, "PLAIN", "anna", "wrong"},
		"unknown user":         {client, "SCRAM-SHA-256", "otto", "right"},
		"no password":          {tls: client},
		"unknown authority":    {&tls.Config{MinVersion: tls.VersionTLS12}, "PLAIN", "anna", "right"},
		"another server":       {stranger, "PLAIN", "anna", "right"},
		"no TLS":               {nil, "PLAIN", "anna", "right"},
	} {
		for name, transport := range secured(brokers, a) {
			t.Run(name+"/"+what, func(t *testing.T) {
				t.Parallel()
				_, err := eventbus.NewProducer(transport, eventbus.ProducerConfig{})
				requireRefused(t, err, brokers[0])
				requireRefused(t, register(transport), brokers[0])
			})
		}
	}
}

func register(transport eventbus.Transport) error {
	consumer, err := eventbus.NewConsumer(transport, eventbus.ConsumerConfig{Group: "denied", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	err = consumer.Register(eventbus.Registry{Topic: "denied", Callback: eventbus.CallbackFunc(
		func(context.Context, *eventbus.Message) error { return nil })})
	return errors.Join(err, consumer.Close(context.Background()))
}

func requireRefused(t *testing.T, err error, broker string) {
	t.Helper()
	require.ErrorIs(t, err, eventbus.ErrUnreachable)
	var unreachable *eventbus.UnreachableError
	require.ErrorAs(t, err, &unreachable)
	require.Equal(t, broker, unreachable.Address)
	require.Error(t, unreachable.Err, "what the client library says of it")
	require.False(t, strings.Contains(err.Error(), "right") || strings.Contains(err.Error(), "wrong"), "a password in %v", err)
}
