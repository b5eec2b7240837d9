package deadletter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hexplane/hexplane/eventbus"
)

var errStop = errors.New("deadletter: enough seen")

// scan visits the letters of a dead-letter topic that were not resolved, until
// visit has seen enough, which is errStop.
func (d *Desk) scan(ctx context.Context, dlq string, visit func(*Letter) bool) error {
	resolved, err := d.resolved(ctx, dlq)
	if err != nil {
		return err
	}
	err = d.scanner.Scan(ctx, dlq, "", func(rec *eventbus.Record) error {
		if !resolved[letterID(rec)] && !visit(letterOf(dlq, rec)) {
			return errStop
		}
		return nil
	})
	if err != nil && !errors.Is(err, errStop) {
		return fmt.Errorf("deadletter: %w", err)
	}
	return err
}

// resolved returns the ids of the letters that were requeued or discarded.
func (d *Desk) resolved(ctx context.Context, dlq string) (map[string]bool, error) {
	ids := make(map[string]bool)
	err := d.scanner.Scan(ctx, dlq+resolvedSuffix, "", func(rec *eventbus.Record) error {
		ids[rec.Header(headerResolved)] = true
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("deadletter: %w", err)
	}
	return ids, nil
}

var deadHeaders = []string{
	eventbus.HeaderDeadReason, eventbus.HeaderDeadError, eventbus.HeaderDeadAttempts, eventbus.HeaderDeadTopic,
	eventbus.HeaderDeadPartition, eventbus.HeaderDeadOffset, eventbus.HeaderDeadTime, eventbus.HeaderDeadOmitted,
}

func letterOf(dlq string, rec *eventbus.Record) *Letter {
	l := &Letter{
		DLQ: dlq, ID: letterID(rec),
		Topic:     rec.Header(eventbus.HeaderDeadTopic),
		Reason:    rec.Header(eventbus.HeaderDeadReason),
		Error:     rec.Header(eventbus.HeaderDeadError),
		Attempts:  int(number(rec, eventbus.HeaderDeadAttempts)),
		Partition: int32(number(rec, eventbus.HeaderDeadPartition)),
		Offset:    number(rec, eventbus.HeaderDeadOffset),
		Omitted:   max(0, int(number(rec, eventbus.HeaderDeadOmitted))),
	}
	l.Group = strings.TrimSuffix(strings.TrimPrefix(dlq, l.Topic+"."), topicSuffix)
	if t, err := time.Parse(time.RFC3339, rec.Header(eventbus.HeaderDeadTime)); err == nil {
		l.Time = t
	}
	was := *rec
	was.Topic, was.Partition, was.Offset = l.Topic, -1, -1
	was.Headers = without(rec.Headers, deadHeaders...)
	l.Record = &was
	return l
}

func number(rec *eventbus.Record, header string) int64 {
	n, err := strconv.ParseInt(rec.Header(header), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

func without(headers []eventbus.Header, names ...string) []eventbus.Header {
	rest := make([]eventbus.Header, 0, len(headers)+1)
	for _, h := range headers {
		if !slices.Contains(names, h.Key) {
			rest = append(rest, h)
		}
	}
	return rest
}
