package franzbus_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"

	"github.com/hexplane/hexplane/eventbus"
)

var errRefused = errors.New("refused by the handler")

// machine publishes, lets handlers finish in any order, and makes its member come, go,
// pause and lose what it has; its model says what must hold.
type machine struct {
	*model

	broker    *virtualBroker
	cfg       eventbus.ConsumerConfig
	member    *member // nil while there is none
	wanted    []int32 // partitions that it shall have
	published int
	paused    bool
	over      chan struct{} // closed when handlers need not wait any more
}

// TestLanesMachine holds the subscriber against a model: the records of one key come
// in order and one at a time, across assignments too; a commit never passes a record
// that is not finished and reaches all before; the window and the lanes are kept; and
// after a drain nothing is in flight, and what was finished is committed. Its clock is
// a fake one.
func TestLanesMachine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rapid.SyncTest(t, func(t *rapid.T) {
			m := newMachine(t)
			defer m.close()
			m.plan(m.everyPartition())
			m.join(t)
			t.Repeat(map[string]func(*rapid.T){
				"": m.check, "publish": m.publish, "answer": m.answerSome, "wait": m.wait, "join": m.join,
				"subscribe": m.subscribe, "unsubscribe": m.unsubscribe, "leave": m.leave, "rebalance": m.rebalance, "lose": m.lose,
				"pause": m.pause, "refuse commits": m.refuseCommits,
			})
			m.settle(t)
		})
	})
}

func newMachine(t *rapid.T) *machine {
	partitions := rapid.IntRange(1, 3).Draw(t, "partitions")
	window, lanes := rapid.IntRange(1, 6).Draw(t, "window"), rapid.IntRange(1, 4).Draw(t, "lanes")
	m := &machine{model: newModel(partitions, window, lanes), over: make(chan struct{})}
	m.broker = startVirtualBroker(t, m.model)
	m.cfg = eventbus.ConsumerConfig{
		Group: machineGroup, Window: window, Lanes: lanes, Logger: slog.New(slog.DiscardHandler),
		Commit: rapid.SampledFrom([]eventbus.CommitMode{
			eventbus.CommitPeriodic, eventbus.CommitAsync, eventbus.CommitSync,
		}).Draw(t, "commit"),
	}.WithDefaults()
	return m
}

func (m *machine) close() {
	close(m.over)
	if m.member != nil {
		_ = m.member.sub.Close() // it says nothing
	}
	m.broker.close()
}

// handle is the handler of all members: it waits for its answer.
func (m *machine) handle(ctx context.Context, rec *eventbus.Record) (err error) {
	m.committing(m.broker.committed())
	c := m.begin(ctx, m.member, rec)
	select {
	case err = <-c.answer:
	case <-m.over:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	m.finish(c, err)
	return err
}

// check is the invariant: nobody has complained.
func (m *machine) check(t *rapid.T) {
	synctest.Wait()
	m.committing(m.broker.committed())
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.wrong) > 0 {
		t.Fatal(strings.Join(m.wrong, "\n"))
	}
}

func (m *machine) publish(t *rapid.T) {
	id := rapid.IntRange(0, len(m.parts)-1).Draw(t, "partition")
	var recs []*kgo.Record
	for _, key := range rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "", "none"}), 1, 30).Draw(t, "keys") {
		m.published++
		rec := &kgo.Record{Topic: machineTopic, Partition: int32(id), Key: []byte(key), Value: fmt.Append(nil, m.published)}
		if key == "none" {
			rec.Key = nil
		}
		recs = append(recs, rec)
		m.publishing(rec)
	}
	require.NoError(t, m.broker.producer.ProduceSync(context.Background(), recs...).FirstErr())
}

// answerSome lets some handlers return, in any order.
func (m *machine) answerSome(t *rapid.T) {
	if len(m.running()) == 0 {
		t.Skip("nothing is handled")
	}
	for range rapid.IntRange(1, 30).Draw(t, "answers") {
		if !m.answer(t) {
			return
		}
	}
}

// answer lets one handler return, if there is any.
func (m *machine) answer(t *rapid.T) (answered bool) {
	running := m.running()
	if len(running) == 0 {
		return false
	}
	c := rapid.SampledFrom(running).Draw(t, "call")
	switch rapid.SampledFrom([]string{"done", "done", "done", "done", "done", "done", "refused", "later"}).Draw(t, "answer") {
	case "done":
		c.answer <- nil
	case "refused":
		c.answer <- errRefused
	case "later":
		c.answer <- &eventbus.LaterError{At: time.Now().Add(3 * time.Second)}
	}
	m.check(t)
	return true
}

// wait lets time pass. When the group is calm then, it has committed all it can.
func (m *machine) wait(t *rapid.T) {
	d := rapid.SampledFrom([]time.Duration{50 * time.Millisecond, time.Second, 3 * time.Second, time.Minute}).Draw(t, "time")
	pass(d + time.Duration(m.refusals())*m.cfg.CommitInterval)
	m.check(t)
	if d <= m.cfg.CommitInterval || !m.calm() {
		return
	}
	require.Empty(t, m.behind(false))
}

// pass lets time pass on the fake clock.
func pass(d time.Duration) { <-time.After(d) }

// calm reports whether the member has the partitions that it shall have.
func (m *machine) calm() bool {
	if m.member == nil || m.member.stop == nil {
		return false
	}
	assigned := m.member.sub.Assignment()[machineTopic]
	slices.Sort(assigned)
	return slices.Equal(assigned, m.wanted)
}

// refuseCommits makes the broker refuse the next commits.
func (m *machine) refuseCommits(t *rapid.T) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refuse = rapid.IntRange(1, 3).Draw(t, "refused")
}

// pause pauses the topic, or lets it go on.
func (m *machine) pause(t *rapid.T) {
	sub := m.subscribed(t).sub
	m.paused = !m.paused
	if !m.paused {
		m.pausing(false)
		sub.ResumeTopics(machineTopic)
		return
	}
	sub.PauseTopics(machineTopic)
	m.pausing(true)
}

// settle finishes everything: then all is committed.
func (m *machine) settle(t *rapid.T) {
	if m.member == nil {
		m.join(t)
	} else if m.member.stop == nil {
		m.enter(t)
	}
	if m.paused {
		m.pause(t)
	}
	m.plan(m.everyPartition())
	for range 1000 {
		for m.answer(t) {
		}
		pass(time.Second)
		m.check(t)
		if len(m.behind(true)) == 0 {
			return
		}
	}
	t.Fatal(strings.Join(m.behind(true), "\n"))
}
