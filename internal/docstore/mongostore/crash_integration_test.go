//go:build integration

package mongostore_test

import (
	"errors"
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
		defer w.end()
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
	w.replace(i, w.begin())
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
	stopped := make(chan struct{})
	l.process.after(rapid.IntRange(0, 6).Draw(rt, "step"), func() { close(stopped); <-l.goOn })
	go func() {
		_, err := l.process.Write(w.t.Context(), l.write)
		l.done <- err
	}()
	select {
	case <-stopped:
		w.late, w.procs[i] = l, w.begin()
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
	w.replace(0, l.process)
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
	w.replace(i, w.begin())
}
