package franzbus

import (
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/hexplane/hexplane/eventbus"
)

// toKafka converts a slice in a few pieces of memory.
func toKafka(recs []*eventbus.Record) []*kgo.Record {
	count, size := 0, 0
	for _, rec := range recs {
		count += len(rec.Headers)
		for _, h := range rec.Headers {
			size += len(h.Value)
		}
	}
	headers, values := make([]kgo.RecordHeader, 0, count), make([]byte, 0, size)
	records, out := make([]kgo.Record, len(recs)), make([]*kgo.Record, len(recs))
	for i, rec := range recs {
		first := len(headers)
		for _, h := range rec.Headers {
			from := len(values)
			values = append(values, h.Value...)
			headers = append(headers, kgo.RecordHeader{Key: h.Key, Value: values[from:len(values):len(values)]})
		}
		records[i] = kgo.Record{
			Topic: rec.Topic, Key: rec.Key, Value: rec.Value, Timestamp: rec.Timestamp,
			Headers: headers[first:len(headers):len(headers)],
		}
		out[i] = &records[i]
	}
	return out
}

// textSize is how much of headers' text shares a piece of memory: little, because
// whoever keeps one of them keeps all.
const textSize = 512

// reader makes records of a broker's, each in the memory of the one before.
type reader struct {
	rec  *eventbus.Record
	text strings.Builder
}

// read returns a record that lasts until the next.
func (r *reader) read(in *kgo.Record) *eventbus.Record {
	if r.rec == nil {
		r.rec = new(eventbus.Record)
	}
	n := len(in.Headers)
	headers := slices.Grow(r.rec.Headers[:0], n)[:n]
	for i := range in.Headers {
		from, to := &in.Headers[i], &headers[i]
		to.Key = from.Key
		if to.Value != string(from.Value) { // event types repeat
			to.Value = r.string(from.Value)
		}
	}
	*r.rec = eventbus.Record{
		Topic: in.Topic, Key: in.Key, Value: in.Value, Headers: headers,
		Partition: in.Partition, Offset: in.Offset, Timestamp: in.Timestamp,
	}
	return r.rec
}

func (r *reader) string(b []byte) string {
	if r.text.Cap()-r.text.Len() < len(b) {
		r.text.Reset() // what was written stays with its strings
		r.text.Grow(max(textSize, len(b)))
	}
	from := r.text.Len()
	r.text.Write(b)
	return r.text.String()[from:]
}
