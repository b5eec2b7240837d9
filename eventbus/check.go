package eventbus

import (
	"cmp"
	"fmt"
)

// amount is a setting that must not be negative; with its default filled in it is
// more than nothing.
type amount struct {
	field string
	value float64
}

func notNegative(amounts ...amount) error {
	for _, a := range amounts {
		if a.value < 0 {
			return fmt.Errorf("%w: %s is negative", ErrConfig, a.field)
		}
	}
	return nil
}

func (c ConsumerConfig) check() error {
	err := notNegative(
		amount{"CommitInterval", float64(c.CommitInterval)}, amount{"Window", float64(c.Window)},
		amount{"Lanes", float64(c.Lanes)}, amount{"DrainTimeout", float64(c.DrainTimeout)},
	)
	return cmp.Or(err, c.Failure.check())
}

func (p FailurePolicy) check() error {
	if p.Outage.FailureRate > 1 {
		return fmt.Errorf("%w: Failure.Outage.FailureRate is over 1", ErrConfig)
	}
	for i, delay := range p.Delays {
		if delay <= 0 {
			return fmt.Errorf("%w: Failure.Delays[%d] is not positive", ErrConfig, i)
		}
	}
	return notNegative(
		amount{"Failure.Attempts", float64(p.Attempts)}, amount{"Failure.Backoff", float64(p.Backoff)},
		amount{"Failure.MaxBackoff", float64(p.MaxBackoff)}, amount{"Failure.Outage.FailureRate", p.Outage.FailureRate},
		amount{"Failure.Outage.Sample", float64(p.Outage.Sample)}, amount{"Failure.Outage.Probe", float64(p.Outage.Probe)},
		amount{"Failure.Outage.MaxProbe", float64(p.Outage.MaxProbe)},
	)
}

func (c ProducerConfig) check() error {
	return notNegative(
		amount{"Linger", float64(c.Linger)}, amount{"MaxBytes", float64(c.MaxBytes)},
		amount{"Timeout", float64(c.Timeout)},
	)
}
