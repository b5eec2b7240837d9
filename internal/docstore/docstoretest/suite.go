package docstoretest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/internal/docstore"
)

// Open returns a new, empty backend that tells the time of leases by now, and closes
// it when the test ends.
type Open func(t testing.TB, now func() time.Time) docstore.Backend

// Run proves a backend: everything that docstore.Backend promises, on its own and
// under concurrency.
func Run(t *testing.T, open Open) {
	tests := map[string]func(*testing.T, *bench){
		"versions":              testVersions,
		"failed writes":         testFailedWrites,
		"find":                  testFind,
		"index follows":         testIndexFollows,
		"byte order":            testByteOrder,
		"outbox order":          testOutboxOrder,
		"lease":                 testLease,
		"returned":              testReturned,
		"stale receipts":        testStaleReceipts,
		"waiting":               testWaiting,
		"concurrent updates":    testConcurrentUpdates,
		"concurrent publishers": testConcurrentPublishers,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := &bench{t: t, time: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}
			b.backend = open(t, b.now)
			test(t, b)
		})
	}
	t.Run("state machine", func(t *testing.T) { testStateMachine(t, open) })
}

// bench is a backend under test with its clock.
type bench struct {
	t       testing.TB
	backend docstore.Backend

	mu   sync.Mutex
	time time.Time
}

func (b *bench) now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.time
}

func (b *bench) advance(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.time = b.time.Add(d)
}

// write makes a write that must succeed.
func (b *bench) write(w docstore.Write) int64 {
	b.t.Helper()
	if w.Collection == "" {
		w.Collection = "c"
	}
	version, err := b.backend.Write(b.t.Context(), w)
	require.NoError(b.t, err)
	return version
}

func (b *bench) ids(q docstore.Query) []string {
	b.t.Helper()
	q.Collection = "c"
	if q.Limit == 0 {
		q.Limit = 100
	}
	records, err := b.backend.Find(b.t.Context(), q)
	require.NoError(b.t, err)
	ids := []string{}
	for _, r := range records {
		ids = append(ids, r.ID)
	}
	return ids
}

// claim returns what is handed out, as stream/data.
func (b *bench) claim(limit int) (texts, receipts []string) {
	b.t.Helper()
	events, err := b.backend.Claim(b.t.Context(), time.Minute, limit)
	require.NoError(b.t, err)
	texts = []string{}
	for _, e := range events {
		texts = append(texts, e.Stream+"/"+string(e.Data))
		receipts = append(receipts, e.Receipt)
	}
	return texts, receipts
}

func (b *bench) settle(published, returned []string) {
	b.t.Helper()
	require.NoError(b.t, b.backend.Settle(b.t.Context(), published, returned))
}

// events returns events of one stream, numbered.
func events(stream string, numbers ...int) []docstore.Event {
	var out []docstore.Event
	for _, n := range numbers {
		out = append(out, docstore.Event{Stream: stream, Data: fmt.Appendf(nil, "%d", n)})
	}
	return out
}

func testVersions(t *testing.T, b *bench) {
	get := func() docstore.Record {
		rec, err := b.backend.Get(t.Context(), "c", "a")
		require.NoError(t, err)
		return rec
	}
	assert.EqualValues(t, 1, b.write(docstore.Write{ID: "a", Op: docstore.OpInsert, Data: []byte(`"1"`)}))
	assert.EqualValues(t, 2, b.write(docstore.Write{ID: "a", Op: docstore.OpReplace, Version: 1, Data: []byte(`"2"`)}))
	assert.EqualValues(t, 3, b.write(docstore.Write{ID: "a", Op: docstore.OpReplace, Data: []byte(`"3"`)}), "version 0 is any")
	assert.Equal(t, docstore.Record{ID: "a", Version: 3, Data: []byte(`"3"`)}, get())
	assert.EqualValues(t, 0, b.write(docstore.Write{ID: "a", Op: docstore.OpDelete, Version: 3}))
	_, err := b.backend.Get(t.Context(), "c", "a")
	require.ErrorIs(t, err, docstore.ErrNotFound)
	assert.EqualValues(t, 1, b.write(docstore.Write{ID: "a", Op: docstore.OpInsert, Data: []byte(`"4"`)}))
	_, err = b.backend.Get(t.Context(), "other", "a")
	require.ErrorIs(t, err, docstore.ErrNotFound, "collections are apart")
}

func testFailedWrites(t *testing.T, b *bench) {
	b.write(docstore.Write{ID: "a", Op: docstore.OpInsert, Data: []byte(`1`)})
	tests := []struct {
		write docstore.Write
		want  error
	}{
		{docstore.Write{ID: "a", Op: docstore.OpInsert}, docstore.ErrExists},
		{docstore.Write{ID: "b", Op: docstore.OpReplace}, docstore.ErrNotFound},
		{docstore.Write{ID: "b", Op: docstore.OpDelete}, docstore.ErrNotFound},
		{docstore.Write{ID: "a", Op: docstore.OpReplace, Version: 2}, docstore.ErrConflict},
		{docstore.Write{ID: "a", Op: docstore.OpDelete, Version: 2}, docstore.ErrConflict},
	}
	for _, tt := range tests {
		tt.write.Collection, tt.write.Data, tt.write.Events = "c", []byte(`9`), events("s", 1)
		tt.write.Fields = []docstore.Field{{Name: "f", Value: "v"}}
		_, err := b.backend.Write(t.Context(), tt.write)
		require.ErrorIs(t, err, tt.want, "%+v", tt.write)
	}
	rec, err := b.backend.Get(t.Context(), "c", "a")
	require.NoError(t, err)
	assert.Equal(t, docstore.Record{ID: "a", Version: 1, Data: []byte(`1`)}, rec)
	assert.Empty(t, b.ids(docstore.Query{Field: "f", From: "v", To: "v"}))
	texts, _ := b.claim(10)
	assert.Empty(t, texts, "a write that failed has no events")
}
