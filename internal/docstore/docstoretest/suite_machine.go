package docstoretest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/hexplane/hexplane/internal/docstore"
)

// testStateMachine runs random calls on the backend and on Memory, which must agree.
func testStateMachine(t *testing.T, open Open) {
	m := &machine{t: t, time: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}
	m.real = open(t, m.now)
	rapid.Check(t, func(rt *rapid.T) {
		m.reset(rt)
		rt.Repeat(map[string]func(*rapid.T){
			"write":   m.write,
			"find":    m.find,
			"claim":   m.claim,
			"settle":  m.settle,
			"advance": m.advance,
			"get":     m.get,
		})
	})
}

type machine struct {
	t           *testing.T
	real, model docstore.Backend
	time        time.Time
	held        [][2]string // receipts handed out: the real one and the model's
	number      int
	collection  string
}

// reset leaves what earlier runs stored behind: a collection of its own, an outbox
// that is empty.
func (m *machine) reset(rt *rapid.T) {
	m.number++
	m.collection = fmt.Sprintf("c%d", m.number)
	m.model, m.held = NewMemoryAt(m.now), nil
	m.time = m.time.Add(time.Hour)
	left, err := m.real.Claim(m.t.Context(), time.Second, 1_000_000)
	require.NoError(rt, err)
	var receipts []string
	for _, e := range left {
		receipts = append(receipts, e.Receipt)
	}
	require.NoError(rt, m.real.Settle(m.t.Context(), receipts, nil))
}

func (m *machine) now() time.Time { return m.time }

var (
	machineIDs    = rapid.SampledFrom([]string{"a", "b", "c"})
	machineValues = rapid.SampledFrom([]string{"", "x", "y", "z"})
)

func (m *machine) write(rt *rapid.T) {
	m.number++
	w := docstore.Write{
		Collection: m.collection, ID: machineIDs.Draw(rt, "id"),
		Op:      rapid.SampledFrom([]docstore.Op{docstore.OpInsert, docstore.OpReplace, docstore.OpDelete}).Draw(rt, "op"),
		Version: rapid.Int64Range(0, 3).Draw(rt, "version"),
		Data:    fmt.Appendf(nil, "%d", m.number),
	}
	for _, name := range []string{"f", "g"} {
		if v := machineValues.Draw(rt, name); v != "" {
			w.Fields = append(w.Fields, docstore.Field{Name: name, Value: v})
		}
	}
	for i := range rapid.IntRange(0, 2).Draw(rt, "events") {
		w.Events = append(w.Events, docstore.Event{Stream: machineIDs.Draw(rt, "stream"), Data: fmt.Appendf(nil, "%d.%d", m.number, i)})
	}
	got, gotErr := m.real.Write(m.t.Context(), w)
	want, wantErr := m.model.Write(m.t.Context(), w)
	require.Equal(rt, want, got)
	sameError(rt, wantErr, gotErr)
}

func (m *machine) get(rt *rapid.T) {
	for _, id := range []string{"a", "b", "c"} {
		got, gotErr := m.real.Get(m.t.Context(), m.collection, id)
		want, wantErr := m.model.Get(m.t.Context(), m.collection, id)
		require.Equal(rt, want, got)
		sameError(rt, wantErr, gotErr)
	}
}

func (m *machine) find(rt *rapid.T) {
	q := docstore.Query{
		Collection: m.collection, Field: rapid.SampledFrom([]string{"", "f", "g"}).Draw(rt, "field"),
		From: machineValues.Draw(rt, "from"), To: machineValues.Draw(rt, "to"),
		After: rapid.SampledFrom([]string{"", "a", "b"}).Draw(rt, "after"), Limit: rapid.IntRange(1, 3).Draw(rt, "limit"),
	}
	got, err := m.real.Find(m.t.Context(), q)
	require.NoError(rt, err)
	want, err := m.model.Find(m.t.Context(), q)
	require.NoError(rt, err)
	require.Len(rt, got, len(want), "%+v", q)
	for i := range want {
		require.Equal(rt, want[i], got[i])
	}
}

func (m *machine) claim(rt *rapid.T) {
	limit := rapid.IntRange(1, 4).Draw(rt, "limit")
	got, err := m.real.Claim(m.t.Context(), time.Minute, limit)
	require.NoError(rt, err)
	want, err := m.model.Claim(m.t.Context(), time.Minute, limit)
	require.NoError(rt, err)
	require.Len(rt, got, len(want))
	for i := range want {
		require.Equal(rt, want[i].Stream, got[i].Stream)
		require.Equal(rt, string(want[i].Data), string(got[i].Data))
		m.held = append(m.held, [2]string{got[i].Receipt, want[i].Receipt})
	}
}

func (m *machine) settle(rt *rapid.T) {
	var ours, model [2][]string // published and returned
	var rest [][2]string
	for _, receipt := range m.held {
		switch fate := rapid.IntRange(0, 2).Draw(rt, "fate"); fate {
		case 2:
			rest = append(rest, receipt)
		default:
			ours[fate] = append(ours[fate], receipt[0])
			model[fate] = append(model[fate], receipt[1])
		}
	}
	m.held = rest
	require.NoError(rt, m.real.Settle(m.t.Context(), ours[0], ours[1]))
	require.NoError(rt, m.model.Settle(m.t.Context(), model[0], model[1]))
}

func (m *machine) advance(rt *rapid.T) {
	m.time = m.time.Add(time.Duration(rapid.IntRange(1, 90).Draw(rt, "seconds")) * time.Second)
}

func sameError(rt *rapid.T, want, got error) {
	for _, sentinel := range []error{docstore.ErrNotFound, docstore.ErrExists, docstore.ErrConflict} {
		require.Equal(rt, errors.Is(want, sentinel), errors.Is(got, sentinel), "want %v, got %v", want, got)
	}
	require.Equal(rt, want == nil, got == nil, "want %v, got %v", want, got)
}
