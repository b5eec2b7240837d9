package managementtest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/demeterevent"
	"github.com/hexplane/hexplane/management"
)

// StateHarness makes stores for RunStateStore.
type StateHarness struct {
	// Open returns an empty store that lives as long as the test.
	Open func(t *testing.T) management.StateStore
	// Published returns the events that the store's transactions have stored.
	Published func(t *testing.T, s management.StateStore) []*eventbus.Message
}

// RunStateStore is the conformance suite of management.StateStore.
func RunStateStore(t *testing.T, h StateHarness) {
	t.Helper()
	tests := map[string]func(stateFixture, *testing.T){
		"rows come back as they went in": stateFixture.roundTrip,
		"unique values":                  stateFixture.unique,
		"missing rows":                   stateFixture.missing,
		"many rows at once":              stateFixture.manyRows,
		"operations end once":            stateFixture.finishOperations,
		"projects are counted":           stateFixture.addProjects,
		"filters":                        stateFixture.filters,
		"pages":                          stateFixture.pages,
		"unknown filters fail":           stateFixture.unknownFilters,
		"a failed update leaves nothing": stateFixture.rollback,
		"views cannot write":             stateFixture.readOnly,
		"updates do not lose updates":    stateFixture.lostUpdates,
		"events keep their order":        stateFixture.events,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(stateFixture{h, h.Open(t)}, t) })
	}
}

type stateFixture struct {
	harness StateHarness
	store   management.StateStore
}

func (f stateFixture) update(t *testing.T, fn func(ctx context.Context, tx management.Tx) error) {
	t.Helper()
	require.NoError(t, f.store.Update(t.Context(), fn))
}

func (f stateFixture) view(t *testing.T, fn func(ctx context.Context, tx management.Tx) error) {
	t.Helper()
	require.NoError(t, f.store.View(t.Context(), fn))
}

var sampleTime = time.Date(2026, 5, 6, 7, 8, 9, 123456000, time.UTC)

func sampleAccount(id string) management.Account {
	return management.Account{
		ID: id, Name: "Name " + id, OwnerEmail: "o@x.example", DefaultProjectID: "p", CreatedAt: sampleTime,
	}
}

func sampleProject(id, accountID string) management.Project {
	return management.Project{
		ID: id, AccountID: accountID, Name: "Name " + id, Namespace: "prj-" + id, Default: true, Protected: true,
		Selector: map[string]string{"region": "eu"}, Clusters: []string{"a", "b"}, Generation: 3, Sequence: 4,
		Revision: 5, CreatedAt: sampleTime, CheckAt: sampleTime.Add(time.Minute),
	}
}

// roundTrip writes and changes one row of each table.
func (f stateFixture) roundTrip(t *testing.T) {
	a := sampleAccount("a")
	same(t, f, management.Tx.Accounts, a.ID, a, nil)
	p := sampleProject("p", "a")
	same(t, f, management.Tx.Projects, p.ID, p, func(p *management.Project) {
		p.Default, p.Selector, p.Clusters, p.Purging = false, nil, []string{}, true
		p.DeletedAt, p.PurgeAt, p.CheckAt = sampleTime, sampleTime.Add(time.Hour), time.Time{}
	})
	port := management.Port{
		ID: "o", ProjectID: "p", AccountID: "a", Kind: "http", Spec: []byte(`{"port":80}`), Generation: 4,
		CreatedAt: sampleTime, CheckAt: sampleTime,
	}
	same(t, f, management.Tx.Ports, port.ID, port, func(p *management.Port) { p.DeletedAt = sampleTime })
	kind := management.Kind{Name: "http", Schema: []byte(`{"type":"object"}`), CreatedAt: sampleTime}
	same(t, f, management.Tx.Kinds, kind.Name, kind, func(k *management.Kind) { k.Schema = []byte(`{}`) })
	status := management.Status{
		ResourceID: "p", ClusterID: "c", ProjectID: "p", Phase: demeterevent.PhaseDegraded, Reason: "Refused: no",
		ObservedGeneration: 3, ObservedAt: sampleTime, UpdatedAt: sampleTime,
	}
	same(t, f, management.Tx.Statuses, management.StatusID("p", "c"), status,
		func(s *management.Status) { s.Phase, s.Reason = demeterevent.PhaseReady, "" })
	cluster := management.Cluster{ID: "c", Labels: map[string]string{"region": "eu"}, RegisteredAt: sampleTime}
	same(t, f, management.Tx.Clusters, "c", cluster, func(c *management.Cluster) {
		c.ApprovedAt, c.SilentSince, c.Labels = sampleTime, sampleTime, nil
		c.SnapshotPending, c.SnapshotCursor, c.SnapshotServed = true, "p", "r"
	})
	health := management.Health{
		ClusterID: "c", ReceivedAt: sampleTime,
		Heartbeat: demeterevent.Heartbeat{ClusterID: "c", Kinds: []string{"http"}, Lag: 3, SentAt: sampleTime},
	}
	same(t, f, management.Tx.Health, "c", health, func(h *management.Health) { h.Heartbeat.Lag = 9 })
	key := management.APIKey{
		ID: "k", Name: "ci", AccountID: "a", Role: management.RoleAdmin, Hash: []byte{0, 1, 255},
		CreatedAt: sampleTime, ExpiresAt: sampleTime,
	}
	same(t, f, management.Tx.Keys, "k", key, func(k *management.APIKey) { k.RevokedAt = sampleTime })
	entry := management.AuditEntry{
		ID: "e", At: sampleTime, Actor: "k", Action: "project.delete", AccountID: "a", Resource: "p",
		Before: []byte(`{"a":1}`), After: []byte(`null`),
	}
	same(t, f, management.Tx.Audit, "e", entry, nil)
	op := management.Operation{
		ID: "o", Key: "k", Fingerprint: "f", Actor: "k", Type: management.OpCreateProject, AccountID: "a",
		ResourceID: "p", Pending: true, Intent: []byte(`{}`), CreatedAt: sampleTime,
	}
	same(t, f, management.Tx.Operations, "o", op, func(o *management.Operation) { o.Pending = false })
}

// same inserts a row, reads it, changes it, and reads it again.
func same[T any](t *testing.T, f stateFixture, table func(management.Tx) management.Table[T], id string,
	row T, change func(*T),
) {
	t.Helper()
	check := func() {
		f.view(t, func(ctx context.Context, tx management.Tx) error {
			got, err := table(tx).Get(ctx, id)
			require.NoError(t, err)
			require.Equal(t, row, got)
			return nil
		})
	}
	f.update(t, func(ctx context.Context, tx management.Tx) error { return table(tx).Insert(ctx, row) })
	check()
	if change == nil {
		return
	}
	change(&row)
	f.update(t, func(ctx context.Context, tx management.Tx) error { return table(tx).Update(ctx, row) })
	check()
}

// unique also checks that the transaction can go on after a refused insert.
func (f stateFixture) unique(t *testing.T) {
	f.update(t, func(ctx context.Context, tx management.Tx) error {
		require.NoError(t, tx.Accounts().Insert(ctx, sampleAccount("a")))
		require.ErrorIs(t, tx.Accounts().Insert(ctx, sampleAccount("a")), management.ErrExists, "the id")
		named := sampleAccount("b")
		named.Name = "NAME A"
		require.ErrorIs(t, tx.Accounts().Insert(ctx, named), management.ErrExists, "the name, whatever the case")

		require.NoError(t, tx.Projects().Insert(ctx, sampleProject("p", "a")))
		other := sampleProject("q", "a")
		other.Name = "name P"
		require.ErrorIs(t, tx.Projects().Insert(ctx, other), management.ErrExists, "the name in the account")
		other = sampleProject("q", "a")
		other.Namespace = "prj-p"
		require.ErrorIs(t, tx.Projects().Insert(ctx, other), management.ErrExists, "the namespace")

		op := management.Operation{ID: "1", Key: "k1", Pending: true, Type: management.OpCreateAccount}
		require.NoError(t, tx.Operations().Insert(ctx, op))
		op.ID = "2"
		require.ErrorIs(t, tx.Operations().Insert(ctx, op), management.ErrExists, "the key")
		op.Key = "k2"
		require.NoError(t, tx.Operations().Insert(ctx, op))
		return nil
	})
}

func (f stateFixture) missing(t *testing.T) {
	f.update(t, func(ctx context.Context, tx management.Tx) error {
		_, err := tx.Accounts().Get(ctx, "none")
		require.ErrorIs(t, err, management.ErrNotFound)
		require.ErrorIs(t, tx.Accounts().Update(ctx, sampleAccount("none")), management.ErrNotFound)
		require.NoError(t, tx.Accounts().Delete(ctx, "none"))
		require.NoError(t, tx.Accounts().Insert(ctx, sampleAccount("a")))
		require.NoError(t, tx.Accounts().Delete(ctx, "a"))
		_, err = tx.Accounts().Get(ctx, "a")
		require.ErrorIs(t, err, management.ErrNotFound)
		return nil
	})
}

func (f stateFixture) rollback(t *testing.T) {
	mine := errors.New("mine")
	err := f.store.Update(t.Context(), func(ctx context.Context, tx management.Tx) error {
		require.NoError(t, tx.Accounts().Insert(ctx, sampleAccount("a")))
		msg, err := eventbus.NewMessage("t", "E", "k", nil)
		require.NoError(t, err)
		require.NoError(t, tx.Publish(ctx, msg))
		return mine
	})
	require.Equal(t, mine, err)
	f.view(t, func(ctx context.Context, tx management.Tx) error {
		n, err := tx.Accounts().Count(ctx, management.Filter{})
		require.Zero(t, n)
		return err
	})
	require.Empty(t, f.harness.Published(t, f.store))
}

func (f stateFixture) readOnly(t *testing.T) {
	f.update(t, func(ctx context.Context, tx management.Tx) error {
		return tx.Accounts().Insert(ctx, sampleAccount("a"))
	})
	f.view(t, func(ctx context.Context, tx management.Tx) error {
		require.Error(t, tx.Accounts().Insert(ctx, sampleAccount("b")))
		require.Error(t, tx.Accounts().Update(ctx, sampleAccount("a")))
		require.Error(t, tx.Accounts().Delete(ctx, "a"))
		msg, err := eventbus.NewMessage("t", "E", "k", nil)
		require.NoError(t, err)
		require.Error(t, tx.Publish(ctx, msg))
		return nil
	})
}

// lostUpdates increments one row from many goroutines: Get within Update locks.
func (f stateFixture) lostUpdates(t *testing.T) {
	f.update(t, func(ctx context.Context, tx management.Tx) error {
		if err := tx.Accounts().Insert(ctx, sampleAccount("a")); err != nil {
			return err
		}
		p := sampleProject("p", "a")
		p.Sequence = 4
		return tx.Projects().Insert(ctx, p)
	})
	const workers, rounds = 8, 10
	var wg sync.WaitGroup
	failures := make(chan error, workers*rounds)
	for range workers {
		wg.Go(func() {
			for range rounds {
				failures <- f.store.Update(t.Context(), func(ctx context.Context, tx management.Tx) error {
					p, err := tx.Projects().Get(ctx, "p")
					if err != nil {
						return err
					}
					p.Sequence++
					return tx.Projects().Update(ctx, p)
				})
			}
		})
	}
	wg.Wait()
	close(failures)
	for err := range failures {
		require.NoError(t, err)
	}
	f.view(t, func(ctx context.Context, tx management.Tx) error {
		p, err := tx.Projects().Get(ctx, "p")
		require.EqualValues(t, 4+workers*rounds, p.Sequence)
		return err
	})
}

func (f stateFixture) events(t *testing.T) {
	var want []string
	for range 5 {
		f.update(t, func(ctx context.Context, tx management.Tx) error {
			for range 3 {
				msg, err := eventbus.NewMessage("t", "E", "k", map[string]int{"n": len(want)})
				require.NoError(t, err)
				msg.TraceID = map[string]string{"traceparent": "00-x"}
				want = append(want, msg.ID)
				if err := tx.Publish(ctx, msg); err != nil {
					return err
				}
			}
			return nil
		})
	}
	var got []string
	for _, msg := range f.harness.Published(t, f.store) {
		require.Equal(t, map[string]string{"traceparent": "00-x"}, msg.TraceID)
		require.Equal(t, "k", msg.Key)
		got = append(got, msg.ID)
	}
	require.Equal(t, want, got)
}
