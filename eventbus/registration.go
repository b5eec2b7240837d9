package eventbus

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// registration is one topic being consumed, with its retry topics.
type registration struct {
	c        *Consumer
	topic    string
	callback Callback
	filter   eventFilter // nil when the callback wants every event type
	gate     gate
	parking  *parking // nil when order is given up, or nothing is ever parked

	started  chan struct{}                 // closed when start has returned
	stops    []func(context.Context) error // of the topic, then of its retry topics
	stopping chan struct{}                 // closed when the first stop begins
	gone     chan struct{}                 // closed when it has ended
	once     sync.Once
}

func (c *Consumer) newRegistration(registry Registry) *registration {
	policy := c.cfg.Failure
	r := &registration{
		c: c, topic: registry.Topic, callback: registry.Callback,
		gate:    gate{policy: policy.Outage},
		started: make(chan struct{}), stopping: make(chan struct{}), gone: make(chan struct{}),
	}
	r.filter, _ = registry.Callback.(eventFilter)
	if len(policy.Delays) > 0 && policy.keepsOrder(r.topic) {
		r.parking = newParking(c, r.topic, len(policy.Delays))
	}
	return r
}

// start subscribes; what it did before an error is undone by stop.
func (r *registration) start() error {
	// Retry topics first: what the topic puts there is waited for already.
	for tier := len(r.c.cfg.Failure.Delays); tier >= 0; tier-- {
		if err := r.subscribe(tier); err != nil {
			return err
		}
	}
	return nil
}

// topicOf returns the name of a tier's topic.
func (r *registration) topicOf(tier int) string {
	if tier == 0 {
		return r.topic
	}
	return RetryTopic(r.topic, r.c.cfg.Group, tier)
}

func (r *registration) subscribe(tier int) error {
	handle := func(ctx context.Context, rec *Record) error { return r.handle(ctx, rec, tier) }
	var stop func(context.Context) error
	var err error
	if rs, ok := r.c.sub.(RecordSubscriber); ok {
		stop, err = rs.SubscribeRecords(context.Background(), r.topicOf(tier), handle)
	} else {
		stop, err = r.c.route(r.topicOf(tier), waiting(r.stopping, handle))
	}
	if err == nil {
		r.stops = append(r.stops, stop)
	}
	return err
}

// stop ends the topic before its retry topics, which it may still add to. When
// another stop is under way, it waits for that one.
func (r *registration) stop(ctx context.Context) error {
	var errs []error
	first := false
	r.once.Do(func() { first = true })
	if !first {
		return await(ctx, r.gone)
	}
	defer close(r.gone)
	close(r.stopping)
	if err := await(ctx, r.started); err != nil {
		return err // closing the subscriber ends what start still begins
	}
	for _, stop := range slices.Backward(r.stops) {
		errs = append(errs, stop(ctx))
	}
	return errors.Join(errs...)
}

// pause holds up attempts, and fetching where the subscriber can.
func (r *registration) pause(paused bool) {
	r.gate.pause(paused)
	pauser, ok := r.c.sub.(Pauser)
	if !ok {
		return
	}
	for tier := range len(r.c.cfg.Failure.Delays) + 1 {
		if paused {
			pauser.PauseTopics(r.topicOf(tier))
		} else {
			pauser.ResumeTopics(r.topicOf(tier))
		}
	}
}

func (r *registration) observe(o Observation) {
	o.Topic, o.Group = r.topic, r.c.cfg.Group
	tell(r.c.cfg.Observer, r.c.cfg.Logger, o)
}

// handle sees one record to its end: handled, ignored, put off to a retry topic
// or a dead letter. It returns a LaterError when the record has to wait, and
// another error only when none of these was reached before ctx ended.
func (r *registration) handle(ctx context.Context, rec *Record, tier int) error {
	eventType := rec.Header(headerEventType)
	if tier == 0 && (r.ignores(eventType) || r.foreign(rec)) {
		return nil
	}
	v := new(visit) // stays on the stack
	v.begin(rec, r.topic, tier)
	if !v.at.IsZero() && time.Until(v.at) > 0 {
		return &LaterError{At: v.at}
	}
	if r.parking != nil {
		to, err := r.parking.behind(ctx, rec, tier)
		if err != nil {
			r.c.cfg.Logger.WarnContext(ctx, "eventbus: order cannot be kept yet", "topic", r.topic, "error", err)
			return later(parkingRefresh)
		}
		if to > 0 {
			return r.finish(rec, v, r.putOff(ctx, rec, v, to, time.Time{}))
		}
	}
	var err error
	if v.probe, err = r.gate.enter(); err != nil {
		return err
	}
	if v.probe {
		defer r.gate.probed()
	}
	return r.finish(rec, v, r.process(ctx, rec, v, eventType))
}

// finish tells the parking when a record of a retry topic is done with.
func (r *registration) finish(rec *Record, v *visit, err error) error {
	if err == nil && v.tier > 0 && r.parking != nil {
		r.parking.finished(rec, v.tier)
	}
	return err
}

// foreign reports whether the record was requeued for another group, whose dead
// letter it was.
func (r *registration) foreign(rec *Record) bool {
	group := rec.Header(HeaderRequeuedFor)
	return group != "" && group != r.c.cfg.Group
}

func (r *registration) ignores(eventType string) bool {
	if eventType == "" || r.filter == nil || r.filter.accepts(eventType) {
		return false
	}
	r.observe(Observation{Kind: Ignored, EventType: eventType})
	return true
}
