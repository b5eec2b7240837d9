package kafkabus

import (
	"github.com/IBM/sarama"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/hexplane/hexplane/eventbus"
)

func toSarama(rec *eventbus.Record) *sarama.ProducerMessage {
	msg := &sarama.ProducerMessage{Topic: rec.Topic, Value: sarama.ByteEncoder(rec.Value), Timestamp: rec.Timestamp}
	if rec.Key != nil {
		msg.Key = sarama.ByteEncoder(rec.Key)
	}
	msg.Headers = make([]sarama.RecordHeader, len(rec.Headers))
	for i, h := range rec.Headers {
		msg.Headers[i] = sarama.RecordHeader{Key: []byte(h.Key), Value: []byte(h.Value)}
	}
	return msg
}

func fromSarama(msg *sarama.ConsumerMessage) *eventbus.Record {
	rec := &eventbus.Record{
		Topic: msg.Topic, Key: msg.Key, Value: msg.Value,
		Partition: msg.Partition, Offset: msg.Offset, Timestamp: msg.Timestamp.UTC(),
	}
	rec.Headers = make([]eventbus.Header, len(msg.Headers))
	for i, h := range msg.Headers {
		rec.Headers[i] = eventbus.Header{Key: string(h.Key), Value: string(h.Value)}
	}
	return rec
}

// unmarshaler takes any record: what it means is decided above.
type unmarshaler struct{}

func (unmarshaler) Unmarshal(msg *sarama.ConsumerMessage) (*message.Message, error) {
	return fromSarama(msg).Watermill(nil), nil //nolint:staticcheck // watermill-kafka sets the context
}

// partitioner sends a key where Kafka's own clients send it, and records
// without a key anywhere.
type partitioner struct{ random sarama.Partitioner }

func newPartitioner(topic string) sarama.Partitioner {
	return partitioner{sarama.NewRandomPartitioner(topic)}
}

func (p partitioner) RequiresConsistency() bool { return true }

func (p partitioner) MessageRequiresConsistency(msg *sarama.ProducerMessage) bool {
	return msg.Key != nil
}

func (p partitioner) Partition(msg *sarama.ProducerMessage, partitions int32) (int32, error) {
	if msg.Key == nil {
		return p.random.Partition(msg, partitions)
	}
	key, err := msg.Key.Encode()
	if err != nil {
		return -1, err
	}
	return int32(murmur2(key)&0x7fffffff) % partitions, nil
}

// murmur2 is the hash of Kafka's DefaultPartitioner
// (org.apache.kafka.common.utils.Utils.murmur2).
func murmur2(key []byte) uint32 {
	const m, r = 0x5bd1e995, 24
	h := uint32(0x9747b28c) ^ uint32(len(key))
	for ; len(key) >= 4; key = key[4:] {
		k := uint32(key[0]) | uint32(key[1])<<8 | uint32(key[2])<<16 | uint32(key[3])<<24
		k *= m
		k ^= k >> r
		k *= m
		h = h*m ^ k
	}
	switch len(key) {
	case 3:
		h ^= uint32(key[2]) << 16
		fallthrough
	case 2:
		h ^= uint32(key[1]) << 8
		fallthrough
	case 1:
		h = (h ^ uint32(key[0])) * m
	}
	h ^= h >> 13
	h *= m
	return h ^ h>>15
}
