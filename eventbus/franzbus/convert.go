package franzbus

import (
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

// fromKafka fills rec, whose headers' memory it uses again.
func fromKafka(in *kgo.Record, rec *eventbus.Record) *eventbus.Record {
	headers := rec.Headers[:0]
	*rec = eventbus.Record{
		Topic: in.Topic, Key: in.Key, Value: in.Value,
		Partition: in.Partition, Offset: in.Offset, Timestamp: in.Timestamp,
	}
	var buffer [256]byte
	joined := buffer[:0]
	for _, h := range in.Headers {
		joined = append(joined, h.Value...)
	}
	values := string(joined) // of all headers, in one piece
	for _, h := range in.Headers {
		headers = append(headers, eventbus.Header{Key: h.Key, Value: values[:len(h.Value)]})
		values = values[len(h.Value):]
	}
	rec.Headers = headers
	return rec
}
