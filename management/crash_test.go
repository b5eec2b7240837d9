package management_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/internal/managementtest"
	"github.com/hexplane/hexplane/internal/portschema"
	"github.com/hexplane/hexplane/management"
)

var errCrash = errors.New("crash")

// fuse ends the process model at one boundary: before a call, or after it with
// its answer lost. From then on every call fails, as after a crash.
type fuse struct {
	blowAt int
	passed int
}

func (f *fuse) boundary() error {
	f.passed++
	if f.blowAt > 0 && f.passed >= f.blowAt {
		return errCrash
	}
	return nil
}

func (f *fuse) around(call func() error) error {
	if err := f.boundary(); err != nil {
		return err
	}
	if err := call(); err != nil {
		return err
	}
	return f.boundary()
}

type crashingState struct {
	management.StateStore

	fuse *fuse
}

func (s crashingState) Update(ctx context.Context, fn func(context.Context, management.Tx) error) error {
	return s.fuse.around(func() error { return s.StateStore.Update(ctx, fn) })
}

type crashingDemeter struct {
	management.DemeterStore

	fuse *fuse
}

func (d crashingDemeter) CreateAccount(ctx context.Context, a management.Account, p management.Project) error {
	return d.fuse.around(func() error { return d.DemeterStore.CreateAccount(ctx, a, p) })
}

func (d crashingDemeter) CreateProjects(ctx context.Context, p ...management.Project) (refused map[string]error, err error) {
	err = d.fuse.around(func() (err error) {
		refused, err = d.DemeterStore.CreateProjects(ctx, p...)
		return err
	})
	return refused, err
}

func (d crashingDemeter) SaveProject(ctx context.Context, p management.Project) error {
	return d.fuse.around(func() error { return d.DemeterStore.SaveProject(ctx, p) })
}

func (d crashingDemeter) RemoveProject(ctx context.Context, id string) error {
	return d.fuse.around(func() error { return d.DemeterStore.RemoveProject(ctx, id) })
}

// crashing returns a service over the world's stores that crashes at boundary n.
func (w *world) crashing(n int) *management.Service {
	f := &fuse{blowAt: n}
	return management.New(crashingState{w.state, f}, crashingDemeter{w.demeter, f}, portschema.New(), w.cfg)
}

// TestCrashBetweenAnyTwoCallsOfACreation crashes at each of the six boundaries
// of the protocol, then goes on in each of the ways that finish it.
func TestCrashBetweenAnyTwoCallsOfACreation(t *testing.T) {
	const boundaries = 6
	ways := map[string]func(t *testing.T, w *world, again func(*management.Service) error){
		"repeat": func(t *testing.T, w *world, again func(*management.Service) error) {
			t.Helper()
			require.NoError(t, again(w.Service))
		},
		"recover": func(t *testing.T, w *world, _ func(*management.Service) error) {
			t.Helper()
			require.NoError(t, w.Recover(t.Context()))
		},
		"recover, then repeat": func(t *testing.T, w *world, again func(*management.Service) error) {
			t.Helper()
			require.NoError(t, w.Recover(t.Context()))
			require.NoError(t, again(w.Service))
		},
		"crash in recovery, recover, repeat": func(t *testing.T, w *world, again func(*management.Service) error) {
			t.Helper()
			for n := 1; n <= boundaries; n++ {
				_ = w.crashing(n).Recover(t.Context())
			}
			require.NoError(t, w.Recover(t.Context()))
			require.NoError(t, again(w.Service))
		},
	}
	for name, way := range ways {
		for n := 1; n <= boundaries; n++ {
			t.Run(fmt.Sprintf("account/%d/%s", n, name), func(t *testing.T) {
				w := newWorld(t)
				req := management.NewAccount{Name: "acme", OwnerEmail: "a@b.example", IdempotencyKey: "k"}
				create := func(s *management.Service) error {
					_, err := s.CreateAccount(operator(t.Context()), req)
					return err
				}
				require.Error(t, create(w.crashing(n)))
				way(t, w, create)
				requireAgreement(t, w, n > 1 || name != "recover")
			})
			t.Run(fmt.Sprintf("project/%d/%s", n, name), func(t *testing.T) {
				w := newWorld(t)
				a := w.account(t, "acme")
				create := func(s *management.Service) error {
					_, err := s.CreateProject(operator(t.Context()), management.NewProject{
						AccountID: a.ID, Name: "shop", IdempotencyKey: "k",
					})
					return err
				}
				require.Error(t, create(w.crashing(n)))
				way(t, w, create)
				requireAgreement(t, w, true)
				made, err := w.ListProjects(operator(t.Context()), a.ID, true, management.Page{})
				require.NoError(t, err)
				if n > 1 || name != "recover" {
					require.Len(t, made, 2)
				} else {
					require.Len(t, made, 1, "a crash before the first commit leaves nothing")
				}
			})
		}
	}
}

// requireAgreement checks that both databases have the same accounts and
// projects, each announced exactly once.
func requireAgreement(t *testing.T, w *world, some bool) {
	t.Helper()
	ctx := operator(t.Context())
	accounts, err := w.ListAccounts(ctx, management.Page{})
	require.NoError(t, err)
	require.Equal(t, some, len(accounts) > 0)
	created := map[string]int{}
	for _, e := range w.events(t) {
		if e.Type == "ProjectCreated" && e.SnapshotFor == "" {
			created[e.ID]++
		}
	}
	projects := 0
	for _, a := range accounts {
		_, err := w.demeter.Account(ctx, a.ID)
		require.NoError(t, err)
		views, err := w.ListProjects(ctx, a.ID, true, management.Page{})
		require.NoError(t, err)
		require.Equal(t, len(views), a.Projects, "what counts against the quota")
		for _, p := range views {
			projects++
			require.Equal(t, 1, created[p.ID])
			old, err := w.demeter.Project(ctx, p.ID)
			require.NoError(t, err)
			require.Equal(t, p.Namespace, old.Namespace)
			require.Equal(t, p.DeletedAt, old.DeletedAt)
		}
	}
	oldAccounts, oldProjects := w.demeter.Counts()
	require.Equal(t, []int{len(accounts), projects}, []int{oldAccounts, oldProjects})
}

// TestCrashBetweenAnyTwoCallsOfADeletion crashes while a deletion is carried to
// the old database.
func TestCrashBetweenAnyTwoCallsOfADeletion(t *testing.T) {
	for n := 1; n <= 6; n++ {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			w := newWorld(t)
			p := w.project(t, w.account(t, "acme").ID, "shop")
			_, _ = w.crashing(n).DeleteProject(operator(t.Context()), p.ID, false)
			require.NoError(t, w.Recover(t.Context()))
			requireAgreement(t, w, true)
		})
	}
}

func TestRunFinishesWhatWasAbandoned(t *testing.T) {
	w := newWorld(t)
	_, err := w.crashing(3).CreateAccount(operator(t.Context()),
		management.NewAccount{Name: "acme", OwnerEmail: "a@b.example"})
	require.ErrorIs(t, err, management.ErrUnavailable)
	require.NoError(t, w.Sweep(t.Context()))
	accounts, _ := w.demeter.Counts()
	require.Zero(t, accounts, "still young: its request may be at it")
	w.clock.Advance(11e9)
	require.NoError(t, w.Sweep(t.Context()))
	requireAgreement(t, w, true)
}

var _ management.DemeterStore = (*managementtest.Demeter)(nil)
