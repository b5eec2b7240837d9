package service

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/franzbus"
	"github.com/hexplane/hexplane/eventbus/kafkabus"
)

// newTransport returns the bus's transport to the brokers that cfg names.
func newTransport(cfg KafkaConfig) (eventbus.Transport, error) {
	encryption, err := cfg.tls()
	if err != nil {
		return nil, err
	}
	switch cfg.Client {
	case "", "watermill":
		return kafkabus.New(kafkabus.Config{
			Brokers: cfg.Brokers, TLS: encryption,
			SASL: kafkabus.SASL{Mechanism: cfg.SASL, Username: cfg.Username, Password: string(cfg.Password)},
		}), nil
	case "franz":
		return franzbus.New(franzbus.Config{
			Brokers: cfg.Brokers, TLS: encryption,
			SASL: franzbus.SASL{Mechanism: cfg.SASL, Username: cfg.Username, Password: string(cfg.Password)},
		}), nil
	}
	return nil, fmt.Errorf("KAFKA_CLIENT: %q is neither watermill nor franz", cfg.Client)
}

// tls returns nil when nothing asks for encryption.
func (c KafkaConfig) tls() (*tls.Config, error) {
	if c.TLSCA == "" && c.TLSCert == "" {
		return nil, nil //nolint:nilnil // a nil configuration is how the clients are told not to encrypt
	}
	out := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.TLSCA != "" {
		pem, err := os.ReadFile(c.TLSCA)
		if err != nil {
			return nil, fmt.Errorf("KAFKA_TLS_CA: %w", err)
		}
		out.RootCAs = x509.NewCertPool()
		if !out.RootCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New("KAFKA_TLS_CA: no certificate in the file")
		}
	}
	if c.TLSCert != "" {
		pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
		if err != nil {
			return nil, fmt.Errorf("KAFKA_TLS_CERT: %w", err)
		}
		out.Certificates = []tls.Certificate{pair}
	}
	return out, nil
}
