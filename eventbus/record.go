package eventbus

import (
	"context"
	"encoding/binary"
	"slices"
	"strconv"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

// Reserved Watermill metadata: they carry what a Watermill message has no field
// for, between the façade and an adapter. They are never sent as headers.
const (
	MetaKey       = "_eventbus_key"
	MetaPartition = "_eventbus_partition"
	MetaOffset    = "_eventbus_offset"
	MetaTimestamp = "_eventbus_timestamp" // Unix milliseconds
	// MetaAssignment is Record.Assignment.
	MetaAssignment = "_eventbus_assignment"
	// MetaRepeated holds the headers whose name a later one has too: names and values
	// in turn, each behind its length (a uvarint). The metadata of that name is the last.
	MetaRepeated = "_eventbus_repeated"
)

// Record is a message as the broker keeps it: what a Serializer makes of a
// Message, and what an adapter sends and receives.
type Record struct {
	Topic     string
	Key       []byte
	Value     []byte
	Headers   []Header
	Partition int32     // -1 when unknown; set by the adapter that read it
	Offset    int64     // -1 when unknown; set by the adapter that read it
	Timestamp time.Time // zero when unknown
	// Assignment tells assignments of a partition apart: it changes whenever the
	// partition came to this member anew. 0 when the adapter cannot tell.
	Assignment uint64

	held *held // what a handler that answered LaterError got to
}

// held is the progress of a record that is handed out again.
type held struct {
	attempts int
	at       time.Time
}

// Header is one header of a Record.
type Header struct {
	Key   string
	Value string
}

// Header returns the last header of that name, or "".
func (r *Record) Header(name string) string {
	for i := len(r.Headers) - 1; i >= 0; i-- { // slices.Backward would copy each header
		if h := &r.Headers[i]; h.Key == name {
			return h.Value
		}
	}
	return ""
}

// Size is what counts against ProducerConfig.MaxBytes: the bytes of key, value and headers.
func (r *Record) Size() int {
	n := len(r.Key) + len(r.Value)
	for _, h := range r.Headers {
		n += len(h.Key) + len(h.Value)
	}
	return n
}

// Watermill returns the record as a Watermill message with the given context.
func (r *Record) Watermill(ctx context.Context) *message.Message {
	msg := message.NewMessageWithContext(ctx, r.Header(headerID), r.Value)
	msg.Metadata = make(message.Metadata, len(r.Headers)+4)
	var repeated []byte
	for i, h := range r.Headers {
		if slices.ContainsFunc(r.Headers[i+1:], func(later Header) bool { return later.Key == h.Key }) {
			repeated = appendSized(appendSized(repeated, h.Key), h.Value)
			continue
		}
		msg.Metadata[h.Key] = h.Value
	}
	if repeated != nil {
		msg.Metadata[MetaRepeated] = string(repeated)
	}
	if r.Key != nil {
		msg.Metadata[MetaKey] = string(r.Key)
	}
	if r.Offset >= 0 {
		msg.Metadata[MetaPartition] = strconv.Itoa(int(r.Partition))
		msg.Metadata[MetaOffset] = strconv.FormatInt(r.Offset, 10)
	}
	if r.Assignment != 0 {
		msg.Metadata[MetaAssignment] = strconv.FormatUint(r.Assignment, 10)
	}
	if !r.Timestamp.IsZero() {
		msg.Metadata[MetaTimestamp] = strconv.FormatInt(r.Timestamp.UnixMilli(), 10)
	}
	return msg
}

func appendSized(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// cutSized returns "" and what is left of s when s is not what appendSized made.
func cutSized(s string) (value, rest string) {
	size, n := binary.Uvarint([]byte(s[:min(len(s), binary.MaxVarintLen64)]))
	if n <= 0 || size > uint64(len(s)-n) {
		return "", ""
	}
	return s[n : n+int(size)], s[n+int(size):]
}

// RecordOf is the reverse of Record.Watermill. Reserved metadata becomes the
// record's fields, everything else its headers; those of one name keep their order,
// others have none. A UUID becomes the header message_id when there is none.
func RecordOf(topic string, msg *message.Message) *Record {
	rec := &Record{Topic: topic, Value: msg.Payload, Partition: -1, Offset: -1}
	rec.Headers = make([]Header, 0, len(msg.Metadata))
	for rest := msg.Metadata[MetaRepeated]; rest != ""; {
		var h Header
		h.Key, rest = cutSized(rest)
		h.Value, rest = cutSized(rest)
		rec.Headers = append(rec.Headers, h)
	}
	for name, value := range msg.Metadata {
		switch name {
		case MetaRepeated: // above
		case MetaKey:
			rec.Key = []byte(value)
		case MetaPartition:
			if p, err := strconv.ParseInt(value, 10, 32); err == nil {
				rec.Partition = int32(p)
			}
		case MetaOffset:
			if o, err := strconv.ParseInt(value, 10, 64); err == nil {
				rec.Offset = o
			}
		case MetaAssignment:
			if a, err := strconv.ParseUint(value, 10, 64); err == nil {
				rec.Assignment = a
			}
		case MetaTimestamp:
			if ms, err := strconv.ParseInt(value, 10, 64); err == nil {
				rec.Timestamp = time.UnixMilli(ms).UTC()
			}
		default:
			rec.Headers = append(rec.Headers, Header{name, value})
		}
	}
	if _, named := msg.Metadata[headerID]; !named && msg.UUID != "" {
		rec.Headers = append(rec.Headers, Header{headerID, msg.UUID})
	}
	return rec
}
