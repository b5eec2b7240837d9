package franzbus

import (
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/hexplane/hexplane/eventbus"
)

func toKafka(rec *eventbus.Record, out *kgo.Record) {
	out.Topic, out.Key, out.Value, out.Timestamp = rec.Topic, rec.Key, rec.Value, rec.Timestamp
	out.Headers = make([]kgo.RecordHeader, len(rec.Headers))
	for i, h := range rec.Headers {
		out.Headers[i] = kgo.RecordHeader{Key: h.Key, Value: []byte(h.Value)}
	}
}

func fromKafka(in *kgo.Record) *eventbus.Record {
	rec := &eventbus.Record{
		Topic: in.Topic, Key: in.Key, Value: in.Value,
		Partition: in.Partition, Offset: in.Offset, Timestamp: in.Timestamp.UTC(),
	}
	if len(in.Headers) > 0 {
		rec.Headers = make([]eventbus.Header, len(in.Headers))
		for i, h := range in.Headers {
			rec.Headers[i] = eventbus.Header{Key: h.Key, Value: string(h.Value)}
		}
	}
	return rec
}
