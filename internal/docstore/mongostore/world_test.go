//go:build integration

package mongostore_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/hexplane/hexplane/internal/docstore"
)

type doc struct {
	version int64
	data    string
}

// world is the processes on one set of collections, and a plain model of what these hold.
type world struct {
	t               *testing.T
	uri, db, prefix string
	time            time.Time
	procs           []*process // all but the late one
	late            *late
	docs            map[string]doc
	committed       map[string][]string // events by stream
	published       map[string][]string
	number          int
	newest          int64 // the last place that was seen
}

// late is a process that stands still in the middle of a write.
type late struct {
	process   *process
	write     docstore.Write
	committed bool // before it stood still
	goOn      chan struct{}
	done      chan error
}

func (w *world) begin() *process {
	return begin(w.t, w.uri, w.db, w.prefix, func() time.Time { return w.time })
}

func (w *world) end() {
	if w.late != nil { // the check failed
		close(w.late.goOn)
		<-w.late.done
		w.late.process.end()
	}
	for _, p := range w.procs {
		p.end()
	}
}

// replace has a new process take the place of the i-th.
func (w *world) replace(i int, p *process) {
	w.procs[i].end()
	w.procs[i] = p
}

func (w *world) any(rt *rapid.T) *process { return rapid.SampledFrom(w.procs).Draw(rt, "process") }

func (w *world) draw(rt *rapid.T) docstore.Write {
	w.number++
	wr := docstore.Write{
		Collection: "c", ID: rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "id"), Data: fmt.Appendf(nil, "%d", w.number),
		Op:      rapid.SampledFrom([]docstore.Op{docstore.OpInsert, docstore.OpReplace, docstore.OpDelete}).Draw(rt, "op"),
		Version: rapid.Int64Range(0, 2).Draw(rt, "version"),
	}
	for i := range rapid.IntRange(0, 3).Draw(rt, "events") {
		stream := rapid.SampledFrom([]string{"s", "t"}).Draw(rt, "stream")
		wr.Events = append(wr.Events, docstore.Event{Stream: stream, Data: fmt.Appendf(nil, "%04d.%d", w.number, i)})
	}
	return wr
}

// outcome says what the model makes of a write.
func (w *world) outcome(wr docstore.Write) error {
	old, found := w.docs[wr.ID]
	switch {
	case wr.Op == docstore.OpInsert && found:
		return docstore.ErrExists
	case wr.Op != docstore.OpInsert && !found:
		return docstore.ErrNotFound
	case wr.Op != docstore.OpInsert && wr.Version != 0 && wr.Version != old.version:
		return docstore.ErrConflict
	}
	return nil
}

func (w *world) adopt(wr docstore.Write) {
	old := w.docs[wr.ID]
	w.docs[wr.ID] = doc{old.version + 1, string(wr.Data)}
	if wr.Op == docstore.OpDelete {
		delete(w.docs, wr.ID)
	}
	for _, e := range wr.Events {
		w.committed[e.Stream] = append(w.committed[e.Stream], string(e.Data))
	}
}

func (w *world) verify(rt *rapid.T) {
	found, err := w.procs[0].Find(w.t.Context(), docstore.Query{Collection: "c", Limit: 10})
	require.NoError(rt, err)
	got := map[string]doc{}
	for _, r := range found {
		got[r.ID] = doc{r.Version, string(r.Data)}
	}
	require.Equal(rt, w.docs, got)
}

func (w *world) publishAll(rt *rapid.T) {
	for {
		events, err := w.procs[0].Claim(w.t.Context(), time.Minute, 5)
		require.NoError(rt, err)
		if len(events) == 0 {
			break
		}
		var done []string
		for _, e := range events {
			w.published[e.Stream], done = append(w.published[e.Stream], string(e.Data)), append(done, e.Receipt)
		}
		require.NoError(rt, w.procs[0].Settle(w.t.Context(), done, nil))
	}
	for stream, want := range w.committed {
		require.Equal(rt, want, lastCopies(w.published[stream]), "all that was published: %v", w.published[stream])
	}
	oldest, _, err := w.procs[0].Waiting(w.t.Context())
	require.NoError(rt, err)
	require.Zero(rt, oldest)
}

// lastCopies leaves out what comes again later.
func lastCopies(texts []string) []string {
	var out []string
	for i, text := range texts {
		if !slices.Contains(texts[i+1:], text) {
			out = append(out, text)
		}
	}
	return out
}
