package service

import (
	"errors"

	"github.com/hexplane/hexplane/eventbus"
)

// newTransport returns the bus's transport to the brokers that cfg names.
func newTransport(KafkaConfig) (eventbus.Transport, error) {
	return nil, errors.New("service: this build has no Kafka transport")
}
