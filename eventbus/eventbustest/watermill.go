package eventbustest

import (
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
)

// Watermill runs Watermill's own suite for publishers and subscribers: with
// groups, features saying what the transport promises there, and without, where
// every subscriber reads everything. It is a second proof: that the transport
// works without the façade.
func Watermill(t *testing.T, features tests.Features, transport func(t *testing.T) eventbus.Transport) {
	withGroup := func(t *testing.T, group string) (message.Publisher, message.Subscriber) {
		tr := transport(t)
		pub, err := tr.Publisher(eventbus.ProducerConfig{Logger: quiet()})
		require.NoError(t, err)
		sub, err := tr.Subscriber(eventbus.ConsumerConfig{Group: group, Logger: quiet(), DrainTimeout: drainSoon})
		require.NoError(t, err)
		return pub, sub
	}
	in := func(group string) tests.PubSubConstructor {
		return func(t *testing.T) (message.Publisher, message.Subscriber) { return withGroup(t, group) }
	}
	t.Run("Group", func(t *testing.T) { tests.TestPubSub(t, features, in("watermill"), withGroup) })
	features.ConsumerGroups, features.NewSubscriberReceivesOldMessages = false, true
	t.Run("NoGroup", func(t *testing.T) { tests.TestPubSub(t, features, in(""), nil) })
}
