package management_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/hexplane/hexplane/internal/demeterevent"
	"github.com/hexplane/hexplane/management"
)

// machine drives a service with random requests, reports, crashes and time, and
// checks after each step what must always hold.
type machine struct {
	w        *world
	t        testing.TB
	accounts []string
	projects []string
	names    int
}

func (m *machine) ctx() context.Context { return operator(m.t.Context()) }

// service is usually sound, sometimes one that crashes at some boundary.
func (m *machine) service(r *rapid.T) *management.Service {
	if n := rapid.IntRange(0, 12).Draw(r, "crash at"); n >= 1 && n <= 6 {
		return m.w.crashing(n)
	}
	return m.w.Service
}

func (m *machine) createAccount(r *rapid.T) {
	if len(m.accounts) >= 3 {
		r.Skip("enough accounts")
	}
	m.names++
	a, err := m.service(r).CreateAccount(m.ctx(), management.NewAccount{
		Name: fmt.Sprint("account", m.names), OwnerEmail: "a@b.example",
	})
	if err == nil {
		m.accounts = append(m.accounts, a.ID)
		m.projects = append(m.projects, a.DefaultProjectID)
	}
}

func (m *machine) createProject(r *rapid.T) {
	if len(m.accounts) == 0 {
		r.Skip("no account")
	}
	name := rapid.SampledFrom([]string{"a", "B", "b", "c", "d", "e"}).Draw(r, "name")
	p, err := m.service(r).CreateProject(m.ctx(), management.NewProject{
		AccountID: rapid.SampledFrom(m.accounts).Draw(r, "account"), Name: name,
		IdempotencyKey: rapid.SampledFrom([]string{"", "k1", "k2"}).Draw(r, "key"),
	})
	if err == nil {
		m.projects = append(m.projects, p.ID)
	}
}

func (m *machine) someProject(r *rapid.T) string {
	if len(m.projects) == 0 {
		r.Skip("no project")
	}
	return rapid.SampledFrom(m.projects).Draw(r, "project")
}

func (m *machine) deleteProject(r *rapid.T) {
	_, _ = m.service(r).DeleteProject(m.ctx(), m.someProject(r), true)
}

func (m *machine) restoreProject(r *rapid.T) {
	_, _ = m.service(r).RestoreProject(m.ctx(), m.someProject(r))
}

func (m *machine) place(r *rapid.T) {
	selector := map[string]string{}
	if rapid.Bool().Draw(r, "only eu") {
		selector["region"] = "eu"
	}
	_, _ = m.service(r).UpdateProject(m.ctx(), management.ProjectChange{ID: m.someProject(r), Selector: &selector})
}

func (m *machine) cluster(r *rapid.T) {
	id := rapid.SampledFrom([]string{"paris", "tokyo"}).Draw(r, "cluster")
	m.w.beat(m.t, id, map[string]string{"region": map[string]string{"paris": "eu", "tokyo": "asia"}[id]})
	if rapid.Bool().Draw(r, "approve") {
		_, _ = m.service(r).ApproveCluster(m.ctx(), id, nil)
	}
}

func (m *machine) report(r *rapid.T) {
	id := m.someProject(r)
	_ = m.w.ObserveNamespace(m.t.Context(), demeterevent.NamespaceState{
		ProjectID: id, ClusterID: rapid.SampledFrom([]string{"paris", "tokyo"}).Draw(r, "cluster"),
		Phase: rapid.SampledFrom([]demeterevent.Phase{
			demeterevent.PhaseReady, demeterevent.PhaseDegraded,
			demeterevent.PhaseTerminating, demeterevent.PhaseGone,
		}).Draw(r, "phase"),
		ObservedGeneration: rapid.Int64Range(1, 4).Draw(r, "generation"), ObservedAt: m.w.clock.Now(),
	})
}

func (m *machine) pass(r *rapid.T) {
	hours := rapid.SampledFrom([]int{0, 1, 80}).Draw(r, "hours")
	m.w.clock.Advance(time.Duration(hours)*time.Hour + time.Minute)
	_ = m.service(r).Sweep(m.t.Context())
}

// check: generations grow per project and resource, names are unique among what
// exists, quotas hold, and once recovered the databases agree.
func (m *machine) check(r *rapid.T) {
	require.NoError(r, m.w.Recover(m.t.Context()))
	latest := map[string]int64{}
	for _, e := range m.w.events(m.t) {
		if e.SnapshotFor != "" {
			require.LessOrEqual(r, e.Generation, max(latest[e.ID], 1))
			continue
		}
		require.Greater(r, e.Generation, latest[e.ID])
		latest[e.ID] = e.Generation
	}
	existing := 0
	accounts, err := m.w.ListAccounts(m.ctx(), management.Page{})
	require.NoError(r, err)
	for _, a := range accounts {
		views, err := m.w.ListProjects(m.ctx(), a.ID, true, management.Page{})
		require.NoError(r, err)
		require.LessOrEqual(r, len(views), 4)
		names := map[string]bool{}
		for _, p := range views {
			existing++
			require.False(r, names[strings.ToLower(p.Name)])
			names[strings.ToLower(p.Name)] = true
			require.Equal(r, latest[p.ID], p.Generation)
			old, err := m.w.demeter.Project(m.ctx(), p.ID)
			require.NoError(r, err)
			require.Equal(r, p.DeletedAt, old.DeletedAt)
		}
	}
	oldAccounts, oldProjects := m.w.demeter.Counts()
	require.Equal(r, []int{len(accounts), existing}, []int{oldAccounts, oldProjects})
}

func TestServiceStateMachine(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		m := &machine{t: t, w: newWorld(t, func(c *management.Config) { c.ProjectsPerAccount = 4 })}
		r.Repeat(map[string]func(*rapid.T){
			"create account": m.createAccount, "create project": m.createProject, "delete": m.deleteProject,
			"restore": m.restoreProject, "place": m.place, "cluster": m.cluster, "report": m.report,
			"pass time": m.pass, "": m.check,
		})
	})
}
