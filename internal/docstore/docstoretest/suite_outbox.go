package docstoretest

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/internal/docstore"
)

func testOutboxOrder(t *testing.T, b *bench) {
	b.write(docstore.Write{ID: "a", Op: docstore.OpInsert, Data: []byte(`1`), Events: events("s", 1, 2)})
	b.write(docstore.Write{ID: "b", Op: docstore.OpInsert, Data: []byte(`1`), Events: events("t", 1)})
	b.write(docstore.Write{ID: "a", Op: docstore.OpDelete, Events: events("s", 3)})
	texts, receipts := b.claim(10)
	assert.Equal(t, []string{"s/1", "s/2", "t/1", "s/3"}, texts, "in the order of the writes, also after the delete")
	b.settle(receipts, nil)
	texts, _ = b.claim(10)
	assert.Empty(t, texts)
}

func testLease(t *testing.T, b *bench) {
	b.write(docstore.Write{ID: "a", Op: docstore.OpInsert, Data: []byte(`1`), Events: events("s", 1, 2)})
	texts, receipts := b.claim(1)
	assert.Equal(t, []string{"s/1"}, texts)
	b.write(docstore.Write{ID: "b", Op: docstore.OpInsert, Data: []byte(`1`), Events: events("t", 1)})
	texts, _ = b.claim(10)
	assert.Equal(t, []string{"t/1"}, texts, "stream s is someone's")
	b.settle(receipts, nil)
	texts, _ = b.claim(10)
	assert.Equal(t, []string{"s/2"}, texts)
	b.advance(time.Minute + time.Second)
	texts, receipts = b.claim(10)
	assert.Equal(t, []string{"s/2", "t/1"}, texts, "the claimers died")
	b.settle(receipts, nil)
	b.advance(time.Hour)
	texts, _ = b.claim(10)
	assert.Empty(t, texts)
}

func testReturned(t *testing.T, b *bench) {
	b.write(docstore.Write{ID: "a", Op: docstore.OpInsert, Data: []byte(`1`), Events: events("s", 1, 2, 3)})
	_, receipts := b.claim(10)
	b.settle(receipts[:1], receipts[1:])
	texts, _ := b.claim(10)
	assert.Equal(t, []string{"s/2", "s/3"}, texts, "what was given back is free at once, in order")
}

func testStaleReceipts(t *testing.T, b *bench) {
	b.write(docstore.Write{ID: "a", Op: docstore.OpInsert, Data: []byte(`1`), Events: events("s", 1)})
	_, old := b.claim(10)
	b.advance(2 * time.Minute)
	_, fresh := b.claim(10)
	b.settle(nil, old)
	texts, _ := b.claim(10)
	assert.Empty(t, texts, "a lease that was lost cannot be given back")
	b.settle(old, nil)
	b.settle(fresh, nil)
	b.advance(2 * time.Minute)
	texts, _ = b.claim(10)
	assert.Empty(t, texts, "but what was published is published")
}

func testWaiting(t *testing.T, b *bench) {
	waiting := func() (oldest, newest int64) {
		oldest, newest, err := b.backend.Waiting(t.Context())
		require.NoError(t, err)
		return oldest, newest
	}
	oldest, newest := waiting()
	assert.Zero(t, oldest)
	assert.Zero(t, newest)
	var last int64
	for _, id := range []string{"a", "b", "c"} {
		b.write(docstore.Write{ID: id, Op: docstore.OpInsert, Data: []byte(`1`), Events: events("s", 1, 2)})
		b.write(docstore.Write{ID: id, Op: docstore.OpReplace, Data: []byte(`1`)})
		oldest, newest = waiting()
		assert.Less(t, oldest, newest)
		assert.Greater(t, oldest, last, "a place is never used again")
		_, receipts := b.claim(10)
		assert.Len(t, receipts, 2)
		stillOldest, _ := waiting()
		assert.Equal(t, oldest, stillOldest, "what is leased still waits")
		b.settle(receipts[:1], receipts[1:])
		oldest, last = waiting()
		assert.Equal(t, newest, last)
		assert.Equal(t, newest, oldest, "what was given back waits")
		_, receipts = b.claim(10)
		b.settle(receipts, nil)
		oldest, _ = waiting()
		assert.Zero(t, oldest)
	}
}

func testConcurrentUpdates(t *testing.T, b *bench) {
	const writers, each = 6, 10
	b.write(docstore.Write{ID: "n", Op: docstore.OpInsert, Data: []byte{0, 0}})
	errs := make(chan error, writers)
	for range writers {
		go func() {
			for n := 0; n < each; {
				rec, err := b.backend.Get(t.Context(), "c", "n")
				if err != nil {
					errs <- err
					return
				}
				sum := int(rec.Data[0])<<8 + int(rec.Data[1]) + 1
				_, err = b.backend.Write(t.Context(), docstore.Write{
					Collection: "c", ID: "n", Op: docstore.OpReplace, Version: rec.Version,
					Data: []byte{byte(sum >> 8), byte(sum)}, Events: events("s", sum),
				})
				if err == nil {
					n++
				}
			}
			errs <- nil
		}()
	}
	for range writers {
		require.NoError(t, <-errs)
	}
	rec, err := b.backend.Get(t.Context(), "c", "n")
	require.NoError(t, err)
	assert.Equal(t, writers*each, int(rec.Data[0])<<8+int(rec.Data[1]))
	assert.EqualValues(t, writers*each+1, rec.Version)
	texts, _ := b.claim(writers * each * 2)
	assert.Len(t, texts, writers*each)
}

func testConcurrentPublishers(t *testing.T, b *bench) {
	const streams, each = 4, 10
	for n := range each {
		for s := range streams {
			id := string(rune('a'+s)) + string(rune('A'+n))
			b.write(docstore.Write{ID: id, Op: docstore.OpInsert, Data: []byte(`1`), Events: events(string(rune('a'+s)), n)})
		}
	}
	var mu sync.Mutex
	next := map[string]int{}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				claimed, err := b.backend.Claim(t.Context(), time.Minute, 3)
				if !assert.NoError(t, err) {
					return
				}
				mu.Lock()
				done := 0
				var receipts []string
				for _, e := range claimed {
					assert.Equal(t, events(e.Stream, next[e.Stream])[0].Data, e.Data, "stream %s", e.Stream)
					next[e.Stream]++
					receipts = append(receipts, e.Receipt)
				}
				for _, n := range next {
					done += n
				}
				mu.Unlock()
				if !assert.NoError(t, b.backend.Settle(t.Context(), receipts, nil)) || done == streams*each {
					return
				}
			}
		})
	}
	wg.Wait()
	for s := range streams {
		assert.Equal(t, each, next[string(rune('a'+s))])
	}
}
