package kafkabus

import (
	"errors"
	"fmt"
	"time"

	"github.com/IBM/sarama"
	"github.com/xdg-go/scram"
)

// saramaConfig is what producers, consumers and admins share.
func (t *Transport) saramaConfig(tag string) (*sarama.Config, error) {
	cfg := sarama.NewConfig()
	cfg.Version = sarama.V2_8_0_0
	cfg.ClientID = tag
	cfg.Net.DialTimeout = t.cfg.ConnectTimeout
	cfg.Metadata.Retry.Max = 10
	cfg.Metadata.Retry.Backoff = 200 * time.Millisecond
	cfg.Metadata.Timeout = t.cfg.ConnectTimeout
	cfg.Metadata.AllowAutoTopicCreation = false
	if t.cfg.TLS != nil {
		cfg.Net.TLS.Enable, cfg.Net.TLS.Config = true, t.cfg.TLS
	}
	if t.cfg.SASL.Mechanism != "" {
		if err := authenticate(cfg, t.cfg.SASL); err != nil {
			return nil, err
		}
	}
	return cfg, nil
}

// finish lets the user's hook have the last word.
func (t *Transport) finish(cfg *sarama.Config) (*sarama.Config, error) {
	if t.cfg.Sarama != nil {
		t.cfg.Sarama(cfg)
	}
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("kafkabus: %w", err)
	}
	return cfg, nil
}

func authenticate(cfg *sarama.Config, sasl SASL) error {
	cfg.Net.SASL.Enable = true
	cfg.Net.SASL.User, cfg.Net.SASL.Password = sasl.Username, sasl.Password
	cfg.Net.SASL.Mechanism = sarama.SASLMechanism(sasl.Mechanism)
	switch sasl.Mechanism {
	case sarama.SASLTypePlaintext:
	case sarama.SASLTypeSCRAMSHA256:
		cfg.Net.SASL.SCRAMClientGeneratorFunc = func() sarama.SCRAMClient { return &scramClient{hash: scram.SHA256} }
	case sarama.SASLTypeSCRAMSHA512:
		cfg.Net.SASL.SCRAMClientGeneratorFunc = func() sarama.SCRAMClient { return &scramClient{hash: scram.SHA512} }
	default:
		return fmt.Errorf("kafkabus: unknown SASL mechanism %q", sasl.Mechanism)
	}
	return nil
}

// scramClient gives sarama xdg-go's SCRAM conversation.
type scramClient struct {
	hash         scram.HashGeneratorFcn
	conversation *scram.ClientConversation
}

func (c *scramClient) Begin(user, password, authzID string) error {
	client, err := c.hash.NewClient(user, password, authzID)
	if err != nil {
		return err
	}
	c.conversation = client.NewConversation()
	return nil
}

func (c *scramClient) Step(challenge string) (string, error) { return c.conversation.Step(challenge) }
func (c *scramClient) Done() bool                            { return c.conversation.Done() }

// brokersGone reports whether err says that no broker could be reached.
func brokersGone(err error) bool {
	return errors.Is(err, sarama.ErrOutOfBrokers) || errors.Is(err, sarama.ErrBrokerNotAvailable) ||
		errors.Is(err, sarama.ErrNotConnected)
}
