package franzbus_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/franzbus"
)

// TestHandedOutLater: a record that waits is the same one when it is handed out again,
// whatever was handled meanwhile.
func TestHandedOutLater(t *testing.T) {
	transport := franzbus.New(franzbus.Config{
		Brokers: startBroker(t), Partitions: 1,
	})
	sub, err := transport.Subscriber(eventbus.ConsumerConfig{Group: "group"})
	require.NoError(t, err)
	waited := false
	others := make(chan struct{}) // closed when the others are done
	again := make(chan []eventbus.Header, 1)
	stop, err := sub.(eventbus.RecordSubscriber).SubscribeRecords(t.Context(), "topic",
		func(_ context.Context, rec *eventbus.Record) error {
			switch {
			case string(rec.Key) == "last":
				close(others)
			case string(rec.Key) != "waits":
			case !waited:
				waited = true
				return &eventbus.LaterError{At: time.Now().Add(10 * time.Millisecond)}
			default:
				<-others
				again <- rec.Headers
			}
			return nil
		})
	require.NoError(t, err)
	pub, err := transport.Publisher(eventbus.ProducerConfig{})
	require.NoError(t, err)
	var recs []*eventbus.Record
	for _, key := range []string{"waits", "other", "last"} {
		recs = append(recs, &eventbus.Record{Topic: "topic", Key: []byte(key), Headers: []eventbus.Header{{Key: "of", Value: key}}})
	}
	require.NoError(t, errors.Join(pub.(eventbus.RecordPublisher).PublishRecords(t.Context(), recs)...))
	require.Equal(t, []eventbus.Header{{Key: "of", Value: "waits"}}, <-again)
	require.NoError(t, stop(t.Context()))
	require.NoError(t, pub.Close())
	require.NoError(t, sub.Close())
}
