package eventbus

import "sync"

// recordSlab holds the records of many messages in a few pieces of memory.
type recordSlab struct {
	records []Record
	headers []Header
	bytes   []byte
}

const (
	// envelopeSize is about what an envelope adds to its message's own bytes.
	envelopeSize = 128
	// maxSlab bounds the memory that a slab in the pool may hold on to.
	maxSlab = 1 << 20
)

// slabPool holds slabs that were published: a RecordPublisher keeps nothing.
type slabPool struct{ pool sync.Pool }

// get returns a slab with room for the messages.
func (p *slabPool) get(msgs []*Message) *recordSlab {
	s, ok := p.pool.Get().(*recordSlab)
	if !ok {
		s = new(recordSlab)
	}
	s.makeRoom(msgs)
	return s
}

func (p *slabPool) put(s *recordSlab) {
	if cap(s.bytes) > maxSlab {
		return
	}
	clear(s.records)
	clear(s.headers)
	s.records, s.headers, s.bytes = s.records[:0], s.headers[:0], s.bytes[:0]
	p.pool.Put(s)
}

// makeRoom grows the slab, so that the records' addresses last.
func (s *recordSlab) makeRoom(msgs []*Message) {
	size := 0
	for _, msg := range msgs {
		size += len(msg.Payload) + len(msg.ID) + len(msg.EventType) + len(msg.Key) + envelopeSize
		for name, value := range msg.TraceID {
			size += len(name) + len(value) + 8
		}
	}
	if cap(s.records) < len(msgs) {
		s.records, s.headers = make([]Record, 0, len(msgs)), make([]Header, 0, 3*len(msgs))
	}
	if cap(s.bytes) < size {
		s.bytes = make([]byte, 0, size)
	}
}

// marshal returns the record of one of the messages that the slab was made for.
func (s *recordSlab) marshal(msg *Message) (*Record, error) {
	from := len(s.bytes)
	s.bytes = append(s.bytes, msg.Key...)
	key := s.bytes[from:len(s.bytes):len(s.bytes)]
	from = len(s.bytes)
	var err error
	if s.bytes, err = appendEnvelope(s.bytes, msg); err != nil {
		return nil, err
	}
	headers := len(s.headers)
	s.headers = append(s.headers, Header{headerEventType, msg.EventType}, Header{headerID, msg.ID})
	if tp := msg.TraceID[headerTraceparent]; tp != "" {
		s.headers = append(s.headers, Header{headerTraceparent, tp})
	}
	s.records = append(s.records, Record{
		Topic: msg.Topic, Value: s.bytes[from:len(s.bytes):len(s.bytes)], Partition: -1, Offset: -1,
		Timestamp: msg.Timestamp, Headers: s.headers[headers:len(s.headers):len(s.headers)],
	})
	rec := &s.records[len(s.records)-1]
	if len(key) > 0 {
		rec.Key = key
	}
	return rec, nil
}
