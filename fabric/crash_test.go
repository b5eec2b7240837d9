package fabric_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/fabric"
	"github.com/hexplane/hexplane/fabric/fabrictest"
	"github.com/hexplane/hexplane/fabric/memcluster"
	"github.com/hexplane/hexplane/internal/demeterevent"
)

var errDead = errors.New("the process is dead")

// life is a process that dies at its n-th step towards the outside, just before
// or just after the step takes effect. From then on it reaches nothing.
type life struct {
	steps atomic.Int64
	last  int64 // 0: it does not die
	after bool
	once  sync.Once
	dead  chan struct{}
}

func newLife(last int64, after bool) *life {
	return &life{last: last, after: after, dead: make(chan struct{})}
}

func (l *life) step(do func() error) error {
	n := l.steps.Add(1)
	switch {
	case l.last == 0 || n < l.last:
		return do()
	case n > l.last:
		return errDead
	}
	if l.after {
		_ = do()
	}
	l.once.Do(func() { close(l.dead) })
	return errDead
}

// mortal is the outside as a life sees it: its cluster and its publisher.
type mortal struct {
	fabric.Cluster

	life    *life
	reports eventbus.Publisher
	created *sync.Map // namespace → *atomic.Int64
}

func (m mortal) Get(ctx context.Context, ref fabric.Ref) (out fabric.Object, err error) {
	err = m.life.step(func() (err error) { out, err = m.Cluster.Get(ctx, ref); return err })
	return out, err
}

func (m mortal) Create(ctx context.Context, obj fabric.Object) (out fabric.Object, err error) {
	err = m.life.step(func() (err error) {
		if out, err = m.Cluster.Create(ctx, obj); err == nil && obj.Kind == fabric.KindNamespace {
			count, _ := m.created.LoadOrStore(obj.Name, &atomic.Int64{})
			count.(*atomic.Int64).Add(1)
		}
		return err
	})
	return out, err
}

func (m mortal) Apply(ctx context.Context, obj fabric.Object) (out fabric.Object, err error) {
	err = m.life.step(func() (err error) { out, err = m.Cluster.Apply(ctx, obj); return err })
	return out, err
}

func (m mortal) Delete(ctx context.Context, ref fabric.Ref, uid string) error {
	return m.life.step(func() error { return m.Cluster.Delete(ctx, ref, uid) })
}

func (m mortal) Publish(ctx context.Context, msgs ...*eventbus.Message) error {
	if msgs[0].EventType == demeterevent.ClusterHeartbeat {
		return nil
	}
	return m.life.step(func() error { return m.reports.Publish(ctx, msgs...) })
}

// live runs a daemon until the returned function.
func live(t require.TestingT, m mortal) (eventbus.Callback, func()) {
	d, err := fabric.New(m, m, fabric.Config{
		ClusterID: "paris", Baseline: fabric.DefaultBaseline(), Heartbeat: time.Hour,
		Recheck: 5 * time.Millisecond, Backoff: 100 * time.Microsecond, MaxBackoff: 2 * time.Millisecond,
		Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	cb, err := d.Callback()
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = d.Run(ctx) })
	return cb, func() { cancel(); running.Wait() }
}

// deliver gives the events in order, until one finds the process dead.
func deliver(t require.TestingT, cb eventbus.Callback, l *life, events []*eventbus.Message) bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	go func() {
		select {
		case <-l.dead:
			cancel()
		case <-ctx.Done():
		}
	}()
	for _, event := range events {
		for cb.Notify(ctx, event) != nil { // as the bus does, until it succeeds
			if ctx.Err() == nil {
				continue
			}
			select {
			case <-l.dead:
				return false
			default:
				require.NoError(t, ctx.Err())
			}
		}
	}
	return true
}

func event(t require.TestingT, eventType string, payload any) *eventbus.Message {
	msg, err := eventbus.NewMessage(demeterevent.EventTopic, eventType, "key", payload)
	require.NoError(t, err)
	return msg
}

func aProject(name string) demeterevent.Project {
	return demeterevent.Project{
		ProjectID: "p-" + name, AccountID: "acme", Name: name, Namespace: "prj-" + name,
		Generation: 1, Target: demeterevent.Target{Clusters: []string{"paris"}},
	}
}

func aPort(p demeterevent.Project, id, spec string, generation int64) demeterevent.Port {
	return demeterevent.Port{
		PortID: id, ProjectID: p.ProjectID, AccountID: p.AccountID, Namespace: p.Namespace, Kind: "http",
		Spec: []byte(spec), Generation: generation, Target: p.Target,
	}
}

// story is what happens in the crash test, and what must be so in the end.
func story(t *testing.T) (events []*eventbus.Message, stays, goes demeterevent.Project) {
	t.Helper()
	stays, goes = aProject("stays"), aProject("goes")
	renamed, deleted := stays, goes
	renamed.Generation, renamed.Name = 4, "renamed"
	deleted.Generation = 2
	return []*eventbus.Message{
		event(t, demeterevent.ProjectCreated, stays),
		event(t, demeterevent.ProjectCreated, goes),
		event(t, demeterevent.PortCreated, aPort(stays, "web", `{"port": 80, "path": "/"}`, 2)),
		event(t, demeterevent.PortCreated, aPort(stays, "old", `{"port": 81}`, 3)),
		event(t, demeterevent.ProjectUpdated, renamed),
		event(t, demeterevent.PortUpdated, aPort(stays, "web", `{"port": 8080}`, 5)),
		event(t, demeterevent.PortDeleted, aPort(stays, "old", `{}`, 6)),
		event(t, demeterevent.ProjectDeleted, deleted),
	}, stays, goes
}

// TestCrashAtEveryStep kills the daemon before and after each of its steps
// towards the cluster and the bus in turn, starts another, delivers every event
// again from the first, and expects what an undisturbed run leaves.
func TestCrashAtEveryStep(t *testing.T) {
	for _, after := range []bool{false, true} {
		t.Run(fmt.Sprintf("effect done %v", after), func(t *testing.T) {
			for last := int64(1); ; last++ {
				require.Less(t, last, int64(500))
				if died := crashAt(t, last, after); !died {
					require.Greater(t, last, int64(40), "every step of the story was tried")
					return
				}
			}
		})
	}
}

func crashAt(t *testing.T, last int64, after bool) (died bool) {
	t.Helper()
	cluster := memcluster.New(memcluster.Config{PortKinds: []string{"http"}, Termination: time.Microsecond})
	reports, created := &fabrictest.Recorder{}, &sync.Map{}
	events, stays, goes := story(t)

	first := newLife(last, after)
	cb, stop := live(t, mortal{cluster, first, reports, created})
	survived := deliver(t, cb, first, events)
	stop()
	if !survived {
		second := newLife(0, false)
		cb, stop = live(t, mortal{cluster, second, reports, created})
		require.True(t, deliver(t, cb, second, events))
	} else {
		_, stop = live(t, mortal{cluster, newLife(0, false), reports, created})
	}
	defer stop()

	about := fmt.Sprintf("killed at step %d, effect done %v", last, after)
	require.Eventually(t, func() bool {
		return len(reports.Namespaces(goes.ProjectID)) > 0 &&
			lastOf(reports.Namespaces(goes.ProjectID)).Phase == demeterevent.PhaseGone &&
			lastOf(reports.Ports("old")).Phase == demeterevent.PhaseGone
	}, 30*time.Second, time.Millisecond, about)
	state := lastOf(reports.Namespaces(stays.ProjectID))
	require.Equal(t, demeterevent.PhaseReady, state.Phase, about)
	require.EqualValues(t, 4, state.ObservedGeneration, about)
	web := lastOf(reports.Ports("web"))
	require.Equal(t, demeterevent.PhaseReady, web.Phase, about)
	require.EqualValues(t, 5, web.ObservedGeneration, about)

	require.Equal(t, []string{"demeter-system", stays.Namespace}, cluster.Namespaces(), about)
	ns, err := cluster.Get(t.Context(), fabric.Ref{Kind: fabric.KindNamespace, Name: stays.Namespace})
	require.NoError(t, err)
	require.Equal(t, "renamed", ns.Annotations["demeter.run/project-name"], about)
	port, err := cluster.Get(t.Context(), fabric.Ref{Kind: fabric.PortKind("http"), Namespace: stays.Namespace, Name: "web"})
	require.NoError(t, err)
	require.Equal(t, map[string]any{"port": 8080.0}, port.Fields["spec"], about)
	for _, p := range []demeterevent.Project{stays, goes} {
		count, ok := created.Load(p.Namespace)
		require.True(t, ok, about)
		require.EqualValues(t, 1, count.(*atomic.Int64).Load(), "%s: %s was made once", about, p.Namespace)
	}
	return !survived
}

func lastOf[T any](all []T) T {
	var zero T
	if len(all) == 0 {
		return zero
	}
	return all[len(all)-1]
}
