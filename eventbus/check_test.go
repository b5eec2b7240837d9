package eventbus_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/membus"
)

func TestSettingsThatMakeNoSenseAreRefused(t *testing.T) {
	for field, cfg := range map[string]eventbus.ConsumerConfig{
		"Lanes is negative":                  {Lanes: -1},
		"Window is negative":                 {Window: -1},
		"DrainTimeout is negative":           {DrainTimeout: -time.Second},
		"Failure.MaxBackoff is negative":     {Failure: eventbus.FailurePolicy{MaxBackoff: -1}},
		"Failure.Delays[1] is not positive":  {Failure: eventbus.FailurePolicy{Delays: []time.Duration{time.Second, 0}}},
		"Failure.Outage.Sample is negative":  {Failure: eventbus.FailurePolicy{Outage: eventbus.OutagePolicy{Sample: -1}}},
		"Failure.Outage.FailureRate is over": {Failure: eventbus.FailurePolicy{Outage: eventbus.OutagePolicy{FailureRate: 50}}},
	} {
		cfg.Group = "g"
		_, err := eventbus.NewConsumer(membus.New(membus.Config{}), cfg)
		require.ErrorIs(t, err, eventbus.ErrConfig)
		require.ErrorContains(t, err, field)
	}
	_, err := eventbus.NewProducer(membus.New(membus.Config{}), eventbus.ProducerConfig{MaxBytes: -1})
	require.ErrorIs(t, err, eventbus.ErrConfig)
	require.ErrorContains(t, err, "MaxBytes is negative")
}
