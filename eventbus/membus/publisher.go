package membus

import (
	"context"
	"sync/atomic"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/hexplane/hexplane/eventbus"
)

type publisher struct {
	bus    *Bus
	closed atomic.Bool
}

func (p *publisher) Publish(topic string, messages ...*message.Message) error {
	if p.closed.Load() {
		return eventbus.ErrClosed
	}
	for _, msg := range messages {
		p.bus.append(eventbus.RecordOf(topic, msg))
	}
	return nil
}

func (p *publisher) PublishRecords(_ context.Context, recs []*eventbus.Record) []error {
	var errs []error
	for i, rec := range recs {
		if p.closed.Load() {
			if errs == nil {
				errs = make([]error, len(recs))
			}
			errs[i] = eventbus.ErrClosed
			continue
		}
		p.bus.append(rec)
	}
	return errs
}

func (p *publisher) Close() error {
	p.closed.Store(true)
	return nil
}
