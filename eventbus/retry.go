package eventbus

import (
	"slices"
	"strconv"
	"time"
)

// Headers of a record in a retry topic, besides its own.
const (
	headerRetryAt        = "retry_at" // Unix milliseconds; absent: at once
	headerRetryAttempts  = "retry_attempts"
	headerRetryPartition = "retry_partition"
	headerRetryOffset    = "retry_offset"
)

var retryHeaders = []string{headerRetryAt, headerRetryAttempts, headerRetryPartition, headerRetryOffset}

// RetryTopic is where a group's messages of a topic wait for the n-th of the
// policy's Delays, n from 1.
func RetryTopic(topic, group string, n int) string {
	return topic + "." + group + ".retry." + strconv.Itoa(n)
}

// visit is one record on its way through the policy: what it is, where it was
// read first, and how far it got.
type visit struct {
	rec       *Record // as the callback's serializer shall see it
	tier      int     // 0: the topic itself; n: the n-th retry topic
	attempts  int     // made so far
	probe     bool    // whether the downstream is back
	at        time.Time
	partition int32 // of the topic itself
	offset    int64
}

// begin takes a record apart that was read from the topic or a retry topic.
func (v *visit) begin(rec *Record, topic string, tier int) {
	v.rec, v.tier, v.partition, v.offset = rec, tier, rec.Partition, rec.Offset
	if tier > 0 {
		v.unwrap(rec, topic)
	}
	if rec.held != nil {
		v.attempts, v.at = rec.held.attempts, rec.held.at
	}
}

// unwrap restores the record that a record of a retry topic stands for.
func (v *visit) unwrap(rec *Record, topic string) {
	original := *rec
	original.Topic = topic
	original.Headers = make([]Header, 0, len(rec.Headers))
	for _, h := range rec.Headers {
		if !slices.Contains(retryHeaders, h.Key) {
			original.Headers = append(original.Headers, h)
		}
	}
	v.rec = &original
	v.attempts = int(number(rec, headerRetryAttempts, 0))
	v.partition = int32(number(rec, headerRetryPartition, -1))
	v.offset = number(rec, headerRetryOffset, -1)
	if ms := number(rec, headerRetryAt, 0); ms > 0 {
		v.at = time.UnixMilli(ms)
	}
	original.Partition, original.Offset = v.partition, v.offset
}

func number(rec *Record, header string, fallback int64) int64 {
	n, err := strconv.ParseInt(rec.Header(header), 10, 64)
	if err != nil {
		return fallback
	}
	return n
}

// retryRecord is the record as it goes to a retry topic, to be tried at that
// time, or in its turn when at is zero.
func (v *visit) retryRecord(group string, tier int, at time.Time) *Record {
	rec := *v.rec
	rec.Topic = RetryTopic(v.rec.Topic, group, tier)
	rec.Headers = append(make([]Header, 0, len(v.rec.Headers)+4), v.rec.Headers...)
	if !at.IsZero() {
		rec.Headers = append(rec.Headers, Header{headerRetryAt, strconv.FormatInt(at.UnixMilli(), 10)})
	}
	rec.Headers = append(rec.Headers,
		Header{headerRetryAttempts, strconv.Itoa(v.attempts)},
		Header{headerRetryPartition, strconv.Itoa(int(v.partition))},
		Header{headerRetryOffset, strconv.FormatInt(v.offset, 10)})
	rec.Partition, rec.Offset = -1, -1
	return &rec
}

// hold notes in the record itself how far it got, for a wait in place.
func (v *visit) hold(rec *Record, at time.Time) { rec.held = &held{attempts: v.attempts, at: at} }
