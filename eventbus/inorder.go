package eventbus

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

var errBehind = errors.New("eventbus: not sent, one of its key before it failed")

// InOrder returns a publisher that keeps the order of a topic and key also when a
// message fails: later ones of its key in the same call are not sent and fail too, so
// that they can be published again behind it. One that would fail for ever, see
// Refused, holds nobody up. A call makes as many calls of out as a key has messages in it.
func InOrder(out Publisher) Publisher { return inOrder{out} }

type inOrder struct{ out Publisher }

// Publish implements Publisher.
func (p inOrder) Publish(ctx context.Context, msgs ...*Message) error {
	errs := make([]error, len(msgs))
	held := make(map[sequence]error) // what failed first of it
	for _, turn := range turns(msgs) {
		turn = slices.DeleteFunc(turn, func(i int) bool {
			if cause := held[sequenceOf(msgs[i])]; cause != nil {
				errs[i] = fmt.Errorf("%w: %w", errBehind, cause)
			}
			return errs[i] != nil
		})
		p.publish(ctx, msgs, turn, errs)
		for _, i := range turn {
			if errs[i] != nil && msgs[i].Key != "" && !Refused(errs[i]) {
				held[sequenceOf(msgs[i])] = errs[i]
			}
		}
	}
	return publishError(msgs, errs)
}

// publish sends the messages of one turn, and notes their errors.
func (p inOrder) publish(ctx context.Context, msgs []*Message, turn []int, errs []error) {
	if len(turn) == 0 {
		return
	}
	send := make([]*Message, len(turn))
	for n, i := range turn {
		send[n] = msgs[i]
	}
	err := p.out.Publish(ctx, send...)
	if some, ok := errors.AsType[*PublishError](err); ok {
		for _, f := range some.Failed {
			errs[turn[f.Index]] = f.Err
		}
		return
	}
	for _, i := range turn {
		errs[i] = err
	}
}

// sequence is what keeps its order.
type sequence struct{ topic, key string }

func sequenceOf(msg *Message) sequence { return sequence{msg.Topic, msg.Key} }

// turns splits messages, by index, into turns with at most one message of a key each.
func turns(msgs []*Message) [][]int {
	var all [][]int
	taken := make(map[sequence]int)
	for i, msg := range msgs {
		n := 0
		if msg.Key != "" {
			n = taken[sequenceOf(msg)]
			taken[sequenceOf(msg)]++
		}
		if n == len(all) {
			all = append(all, nil)
		}
		all[n] = append(all[n], i)
	}
	return all
}
