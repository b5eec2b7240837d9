//go:build integration

package mongostore_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/realservers"
)

// TestCrashesAndLateProcessesLoseNothing lets processes die and stand still before
// random commands, and go on when others have moved far ahead. Throughout, the documents
// must be those of a plain model, and what was published must be every event that was
// committed, with the last copies in the order of the commits.
func TestCrashesAndLateProcessesLoseNothing(t *testing.T) {
	uri := realservers.Mongo(t)
	db := connect(t, uri).Name()
	rapid.Check(t, func(rt *rapid.T) {
		w := &world{t: t, uri: uri, db: db, prefix: prefix(), time: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}
		w.docs, w.committed, w.published = map[string]doc{}, map[string][]string{}, map[string][]string{}
		w.procs = []*process{w.begin(), w.begin()}
		defer func() {
			if w.late != nil { // the check failed
				close(w.late.goOn)
				<-w.late.done
			}
		}()
		rt.Repeat(map[string]func(*rapid.T){
			"write": func(rt *rapid.T) { w.write(rt, w.any(rt)) }, "die writing": w.dieWriting,
			"stand still": w.standStill, "go on": w.goOn,
			"publish": func(rt *rapid.T) { w.publish(rt, w.any(rt)) }, "die publishing": w.diePublishing,
			"time passes": func(*rapid.T) { w.time = w.time.Add(2 * time.Minute) },
			"":            w.verify,
		})
		w.goOn(rt)
		w.time = w.time.Add(time.Hour)
		w.publishAll(rt)
	})
}

type doc struct {
	version int64
	data    string
}

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

func (w *world) write(rt *rapid.T, p *process) {
	wr := w.draw(rt)
	_, err := p.Write(w.t.Context(), wr)
	w.answered(rt, wr, err)
	w.placesGrow(rt, len(wr.Events) > 0 && err == nil)
}

func (w *world) answered(rt *rapid.T, wr docstore.Write, err error) {
	want := w.outcome(wr)
	require.ErrorIs(rt, err, want, "%+v", wr)
	if want == nil {
		w.adopt(wr)
	}
}

// placesGrow looks for the newest place after a write; it is a new one if the write had
// events.
func (w *world) placesGrow(rt *rapid.T, events bool) {
	_, newest, err := w.procs[0].Waiting(w.t.Context())
	require.NoError(rt, err)
	if events {
		require.Greater(rt, newest, w.newest)
	}
	w.newest = max(w.newest, newest)
}

func (w *world) dieWriting(rt *rapid.T) {
	i, wr := rapid.IntRange(0, len(w.procs)-1).Draw(rt, "process"), w.draw(rt)
	p := w.procs[i]
	p.after(rapid.IntRange(0, 6).Draw(rt, "step"), p.die)
	_, err := p.Write(w.t.Context(), wr)
	w.procs[i] = w.begin()
	switch {
	case !isDead(err):
		w.answered(rt, wr, err)
	case w.outcome(wr) == nil && w.happened(rt, wr):
		w.adopt(wr)
	}
}

// isDead tells the failure of a process from an answer.
func isDead(err error) bool {
	return err != nil && !errors.Is(err, docstore.ErrExists) && !errors.Is(err, docstore.ErrNotFound) && !errors.Is(err, docstore.ErrConflict)
}

// happened tells whether a write that the model allows, and that nobody answered, was
// committed.
func (w *world) happened(rt *rapid.T, wr docstore.Write) bool {
	_, _, err := w.procs[0].Waiting(w.t.Context()) // finishes it
	require.NoError(rt, err)
	rec, err := w.procs[0].Get(w.t.Context(), "c", wr.ID)
	if wr.Op == docstore.OpDelete {
		return errors.Is(err, docstore.ErrNotFound)
	}
	return err == nil && string(rec.Data) == string(wr.Data)
}

func (w *world) standStill(rt *rapid.T) {
	if w.late != nil {
		return
	}
	i := rapid.IntRange(0, len(w.procs)-1).Draw(rt, "process")
	l := &late{process: w.procs[i], write: w.draw(rt), goOn: make(chan struct{}), done: make(chan error, 1)}
	w.procs[i] = w.begin()
	stopped := make(chan struct{})
	l.process.after(rapid.IntRange(0, 6).Draw(rt, "step"), func() { close(stopped); <-l.goOn })
	go func() {
		_, err := l.process.Write(w.t.Context(), l.write)
		l.done <- err
	}()
	select {
	case <-stopped:
		w.late = l
		if l.committed = w.outcome(l.write) == nil && w.happened(rt, l.write); l.committed {
			w.adopt(l.write)
		}
	case err := <-l.done:
		l.process.after(0, nil)
		w.answered(rt, l.write, err)
	}
}

func (w *world) goOn(rt *rapid.T) {
	l := w.late
	if l == nil {
		return
	}
	w.late = nil
	close(l.goOn)
	err := <-l.done
	if l.committed {
		require.NoError(rt, err)
	} else {
		w.answered(rt, l.write, err)
	}
	w.procs[0] = l.process
}

func (w *world) publish(rt *rapid.T, p *process) {
	events, err := p.Claim(w.t.Context(), time.Minute, rapid.IntRange(1, 6).Draw(rt, "limit"))
	require.NoError(rt, err)
	done, back := w.send(rt, events)
	require.NoError(rt, p.Settle(w.t.Context(), done, back))
}

// send publishes events up to a random one.
func (w *world) send(rt *rapid.T, events []docstore.Event) (done, back []string) {
	sent := rapid.IntRange(0, len(events)).Draw(rt, "sent")
	for i, e := range events {
		if i < sent {
			w.published[e.Stream] = append(w.published[e.Stream], string(e.Data))
			done = append(done, e.Receipt)
		} else {
			back = append(back, e.Receipt)
		}
	}
	return done, back
}

func (w *world) diePublishing(rt *rapid.T) {
	i := rapid.IntRange(0, len(w.procs)-1).Draw(rt, "process")
	p := w.procs[i]
	p.after(rapid.IntRange(0, 14).Draw(rt, "step"), p.die)
	if events, err := p.Claim(w.t.Context(), time.Minute, 4); err == nil {
		done, back := w.send(rt, events)
		_ = p.Settle(w.t.Context(), done, back)
	}
	w.procs[i] = w.begin()
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
