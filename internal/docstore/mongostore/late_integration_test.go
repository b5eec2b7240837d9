//go:build integration

package mongostore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/realservers"
)

// writeSteps is more than the commands of a write.
const writeSteps = 8

// TestAProcessThatStandsStillDoesNoHarmLater stops a process before each step of an
// insert. Meanwhile another one finishes what is committed, deletes the document and
// publishes both events. Then the first goes on.
func TestAProcessThatStandsStillDoesNoHarmLater(t *testing.T) {
	uri := realservers.Mongo(t)
	db := connect(t, uri).Name()
	for step := range writeSteps {
		t.Run(fmt.Sprintf("before step %d", step), func(t *testing.T) {
			name := prefix()
			slow, quick := begin(t, uri, db, name, time.Now), begin(t, uri, db, name, time.Now)
			goOn, done := stopWriting(t, slow, step, docstore.Write{
				Collection: "c", ID: "a", Op: docstore.OpInsert, Data: []byte("1"), Events: event1("inserted"),
			})
			published := publishAll(t, quick)
			committed := len(published) > 0
			_, err := quick.Write(t.Context(), docstore.Write{Collection: "c", ID: "a", Op: docstore.OpDelete, Events: event1("deleted")})
			if committed {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, docstore.ErrNotFound)
			}
			published = append(published, publishAll(t, quick)...)

			close(goOn)
			require.NoError(t, <-done)
			published = append(published, publishAll(t, quick)...)
			_, err = quick.Get(t.Context(), "c", "a")
			if committed {
				assert.Equal(t, []string{"inserted", "deleted"}, published)
				require.ErrorIs(t, err, docstore.ErrNotFound)
			} else {
				assert.Equal(t, []string{"inserted"}, published)
				require.NoError(t, err)
			}
			oldest, newest, err := quick.Waiting(t.Context())
			require.NoError(t, err)
			assert.Equal(t, [2]int64{}, [2]int64{oldest, newest})
		})
	}
}

func event1(text string) []docstore.Event {
	return []docstore.Event{{Stream: "s", Data: []byte(text)}}
}

// publishAll claims and settles until nothing is left, and returns what it was given.
func publishAll(t testing.TB, b docstore.Backend) []string {
	t.Helper()
	var texts []string
	for {
		events, err := b.Claim(t.Context(), time.Minute, 10)
		require.NoError(t, err)
		if len(events) == 0 {
			return texts
		}
		var receipts []string
		for _, e := range events {
			texts, receipts = append(texts, string(e.Data)), append(receipts, e.Receipt)
		}
		require.NoError(t, b.Settle(t.Context(), receipts, nil))
	}
}

// TestTrimmingLeavesWhatIsNotApplied stops a process before each step of a write, while
// another one settles the last event in the outbox and so finds it empty.
func TestTrimmingLeavesWhatIsNotApplied(t *testing.T) {
	uri := realservers.Mongo(t)
	db := connect(t, uri).Name()
	for step := range writeSteps {
		name := prefix()
		slow, quick := begin(t, uri, db, name, time.Now), begin(t, uri, db, name, time.Now)
		_, err := quick.Write(t.Context(), docstore.Write{Collection: "c", ID: "a", Op: docstore.OpInsert, Events: event1("first")})
		require.NoError(t, err)
		claimed, err := quick.Claim(t.Context(), time.Minute, 10)
		require.NoError(t, err)
		require.Len(t, claimed, 1)

		goOn, done := stopWriting(t, slow, step, docstore.Write{Collection: "c", ID: "b", Op: docstore.OpInsert, Events: event1("second")})
		require.NoError(t, quick.Settle(t.Context(), []string{claimed[0].Receipt}, nil))
		close(goOn)
		require.NoError(t, <-done)
		assert.Equal(t, []string{"second"}, publishAll(t, quick), "stopped before step %d", step)
	}
}

// stopWriting begins a write and returns when the process stands still before the step,
// or has no such step.
func stopWriting(t *testing.T, p *process, step int, w docstore.Write) (goOn chan struct{}, done chan error) {
	t.Helper()
	stopped := make(chan struct{})
	goOn, done = make(chan struct{}), make(chan error, 1)
	p.after(step, func() { close(stopped); <-goOn })
	go func() {
		_, err := p.Write(t.Context(), w)
		done <- err
	}()
	select {
	case <-stopped:
	case err := <-done:
		done <- err
	}
	return goOn, done
}
