package eventbus

import (
	"context"
	"errors"
	"strconv"
	"time"
	"unicode/utf8"
)

// Why a message is a dead letter: the values of the header dlq_reason.
const (
	ReasonUndecodable = "undecodable" // the record is not a message
	ReasonPermanent   = "permanent"   // the callback's error was marked by Permanent
	ReasonExhausted   = "exhausted"   // every attempt failed
)

// Headers that a dead letter has besides those of the record it was, and the one
// that it has when it was requeued.
const (
	HeaderDeadReason    = "dlq_reason"
	HeaderDeadError     = "dlq_error"
	HeaderDeadAttempts  = "dlq_attempts"
	HeaderDeadTopic     = "dlq_topic"
	HeaderDeadPartition = "dlq_partition"
	HeaderDeadOffset    = "dlq_offset"
	HeaderDeadTime      = "dlq_time" // RFC 3339 UTC with milliseconds
	// HeaderDeadOmitted is there when the letter would be larger than a broker takes:
	// its value was left out, and had so many bytes. The record itself is still where
	// dlq_topic, dlq_partition and dlq_offset say, for as long as the topic keeps it.
	HeaderDeadOmitted = "dlq_omitted"
	// HeaderRequeuedFor names the one group that a requeued dead letter is for; the
	// others, which have handled it before, ignore it.
	HeaderRequeuedFor = "requeued_for"
)

// maxErrorHeader bounds dlq_error, in bytes.
const maxErrorHeader = 1024

// DeadLetterTopic is where a group's messages of a topic end that cannot be handled.
func DeadLetterTopic(topic, group string) string { return topic + "." + group + ".dlq" }

// deadLetter is the record as it goes to the dead-letter topic: the same bytes
// and headers, and why it went.
func deadLetter(v *visit, group, reason string, cause error) *Record {
	rec := v.rec
	dead := *rec
	dead.Topic = DeadLetterTopic(rec.Topic, group)
	dead.Partition, dead.Offset = -1, -1
	dead.Headers = append(append(make([]Header, 0, len(rec.Headers)+7), rec.Headers...),
		Header{HeaderDeadReason, reason},
		Header{HeaderDeadError, clip(cause.Error(), maxErrorHeader)},
		Header{HeaderDeadAttempts, strconv.Itoa(v.attempts)},
		Header{HeaderDeadTopic, rec.Topic},
		Header{HeaderDeadPartition, strconv.Itoa(int(v.partition))},
		Header{HeaderDeadOffset, strconv.FormatInt(v.offset, 10)},
		Header{HeaderDeadTime, time.Now().UTC().Format(timestampLayout)},
	)
	return &dead
}

// withoutValue is a dead letter that is too large to be one.
func withoutValue(dead *Record) *Record {
	small := *dead
	small.Headers = append(small.Headers, Header{HeaderDeadOmitted, strconv.Itoa(len(dead.Value))})
	small.Value = nil
	return &small
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// publishUntilDone publishes one of our own records, again and again until it is
// durable or the context ends: the message it stands for must not be lost. The one
// error it gives up for is ErrTooLarge.
func (c *Consumer) publishUntilDone(ctx context.Context, rec *Record) error {
	if size := rec.Size(); size > maxOutbound {
		return &TooLargeError{Topic: rec.Topic, Size: size, Limit: maxOutbound}
	}
	for n := 1; ; n++ {
		out, err := c.outbound()
		if err == nil {
			err = firstError(out.PublishRecords(ctx, []*Record{rec}))
		}
		if err == nil || errors.Is(err, ErrTooLarge) {
			return err
		}
		c.cfg.Logger.WarnContext(ctx, "eventbus: publish failed, trying again",
			"topic", rec.Topic, "group", c.cfg.Group, "attempt", n, "error", err)
		if err := sleep(ctx, jittered(100*time.Millisecond, 5*time.Second, n)); err != nil {
			return err
		}
	}
}

func firstError(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// sleep waits, or returns the context's error as soon as it ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
