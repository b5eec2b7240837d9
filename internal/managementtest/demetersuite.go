package managementtest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/management"
)

// RunDemeterStore is the conformance suite of management.DemeterStore; open
// returns an empty store that lives as long as the test.
func RunDemeterStore(t *testing.T, open func(t *testing.T) management.DemeterStore) {
	t.Helper()
	tests := map[string]func(*testing.T, management.DemeterStore){
		"creations come back":         demeterCreates,
		"a repeat is a success":       demeterRepeats,
		"constraints":                 demeterRefuses,
		"a refusal writes nothing":    demeterRefusalIsWhole,
		"many at once":                demeterCreatesMany,
		"deletion marks by revision":  demeterSaves,
		"removal frees name and id":   demeterRemoves,
		"missing rows are not found":  demeterMissing,
		"concurrent repeats make one": demeterConcurrent,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func oldAccount(id, name string) (management.Account, management.Project) {
	return management.Account{ID: id, Name: name, OwnerEmail: "o@x.example", DefaultProjectID: id + "-p", CreatedAt: sampleTime},
		management.Project{
			ID: id + "-p", AccountID: id, Name: "default", Namespace: "prj-" + id, Default: true,
			Revision: 1, CreatedAt: sampleTime,
		}
}

func oldProject(id, accountID string) management.Project {
	return management.Project{
		ID: id, AccountID: accountID, Name: "Name " + id, Namespace: "prj-" + id, Revision: 1, CreatedAt: sampleTime,
	}
}

// create creates one project.
func create(t *testing.T, s management.DemeterStore, p management.Project) error {
	t.Helper()
	refused, err := s.CreateProjects(t.Context(), p)
	require.NoError(t, err)
	return refused[p.ID]
}

func demeterCreates(t *testing.T, s management.DemeterStore) {
	a, p := oldAccount("a", "acme")
	require.NoError(t, s.CreateAccount(t.Context(), a, p))
	q := oldProject("q", "a")
	require.NoError(t, create(t, s, q))

	gotAccount, err := s.Account(t.Context(), "a")
	require.NoError(t, err)
	require.Equal(t, a, gotAccount)
	for _, want := range []management.Project{p, q} {
		got, err := s.Project(t.Context(), want.ID)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func demeterRepeats(t *testing.T, s management.DemeterStore) {
	a, p := oldAccount("a", "acme")
	for range 3 {
		require.NoError(t, s.CreateAccount(t.Context(), a, p))
		require.NoError(t, create(t, s, oldProject("q", "a")))
	}
}

func demeterRefuses(t *testing.T, s management.DemeterStore) {
	a, p := oldAccount("a", "acme")
	require.NoError(t, s.CreateAccount(t.Context(), a, p))
	require.NoError(t, create(t, s, oldProject("q", "a")))

	b, pb := oldAccount("b", "ACME")
	require.ErrorIs(t, s.CreateAccount(t.Context(), b, pb), management.ErrExists, "account name, whatever the case")
	b, pb = oldAccount("b", "other")
	pb.Namespace = "prj-a"
	require.ErrorIs(t, s.CreateAccount(t.Context(), b, pb), management.ErrExists, "namespace")

	named := oldProject("r", "a")
	named.Name = "name Q"
	require.ErrorIs(t, create(t, s, named), management.ErrExists, "project name, whatever the case")
	spaced := oldProject("r", "a")
	spaced.Namespace = "prj-q"
	require.ErrorIs(t, create(t, s, spaced), management.ErrExists, "namespace")
	second := oldProject("r", "a")
	second.Default = true
	require.ErrorIs(t, create(t, s, second), management.ErrExists, "second default project")
	require.ErrorIs(t, create(t, s, oldProject("r", "none")), management.ErrNotFound, "unknown account")
}

func demeterRefusalIsWhole(t *testing.T, s management.DemeterStore) {
	a, p := oldAccount("a", "acme")
	require.NoError(t, s.CreateAccount(t.Context(), a, p))
	b, pb := oldAccount("b", "other")
	pb.Namespace = p.Namespace
	require.ErrorIs(t, s.CreateAccount(t.Context(), b, pb), management.ErrExists)
	_, err := s.Account(t.Context(), "b")
	require.ErrorIs(t, err, management.ErrNotFound, "the account must not stay without its project")
}

// demeterCreatesMany: each of many is new, a repeat, or refused by itself.
func demeterCreatesMany(t *testing.T, s management.DemeterStore) {
	a, p := oldAccount("a", "acme")
	require.NoError(t, s.CreateAccount(t.Context(), a, p))
	require.NoError(t, create(t, s, oldProject("q", "a")))
	named := oldProject("t", "a")
	named.Name = "name R"
	refused, err := s.CreateProjects(t.Context(),
		oldProject("q", "a"), oldProject("r", "a"), oldProject("s", "none"), named, oldProject("u", "a"))
	require.NoError(t, err)
	require.Len(t, refused, 2)
	require.ErrorIs(t, refused["s"], management.ErrNotFound)
	require.ErrorIs(t, refused["t"], management.ErrExists)
	for id, there := range map[string]bool{"q": true, "r": true, "s": false, "t": false, "u": true} {
		_, err := s.Project(t.Context(), id)
		require.Equal(t, there, err == nil, id)
	}
	refused, err = s.CreateProjects(t.Context())
	require.NoError(t, err)
	require.Empty(t, refused)
}

func demeterSaves(t *testing.T, s management.DemeterStore) {
	a, p := oldAccount("a", "acme")
	require.NoError(t, s.CreateAccount(t.Context(), a, p))
	q := oldProject("q", "a")
	require.NoError(t, create(t, s, q))
	deleted := func(revision int64, at time.Time) {
		q.Revision, q.DeletedAt = revision, at
		require.NoError(t, s.SaveProject(t.Context(), q))
	}
	deleted(3, time.Time{})
	deleted(2, sampleTime.Add(time.Hour))
	got, err := s.Project(t.Context(), "q")
	require.NoError(t, err)
	require.Zero(t, got.DeletedAt, "a later revision is kept")
	deleted(4, sampleTime.Add(time.Hour))
	got, err = s.Project(t.Context(), "q")
	require.NoError(t, err)
	require.Equal(t, sampleTime.Add(time.Hour), got.DeletedAt)
	require.NoError(t, s.SaveProject(t.Context(), oldProject("none", "a")))
}

func demeterRemoves(t *testing.T, s management.DemeterStore) {
	a, p := oldAccount("a", "acme")
	require.NoError(t, s.CreateAccount(t.Context(), a, p))
	for range 2 {
		require.NoError(t, create(t, s, oldProject("q", "a")))
		require.NoError(t, s.RemoveProject(t.Context(), "q"))
		require.NoError(t, s.RemoveProject(t.Context(), "q"))
	}
}

func demeterMissing(t *testing.T, s management.DemeterStore) {
	_, err := s.Account(t.Context(), "none")
	require.ErrorIs(t, err, management.ErrNotFound)
	_, err = s.Project(t.Context(), "none")
	require.ErrorIs(t, err, management.ErrNotFound)
}

func demeterConcurrent(t *testing.T, s management.DemeterStore) {
	a, p := oldAccount("a", "acme")
	const workers = 8
	failures := make(chan error, workers)
	for range workers {
		go func() { failures <- s.CreateAccount(t.Context(), a, p) }()
	}
	for range workers {
		require.NoError(t, <-failures)
	}
}
