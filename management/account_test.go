package management_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/internal/demeterevent"
	"github.com/hexplane/hexplane/management"
)

func asError(err error, target **management.Error) bool { return errors.As(err, target) }

func TestCreateAccountWritesBothDatabasesAndTheEvent(t *testing.T) {
	w := newWorld(t)
	a := w.account(t, "acme")

	old, err := w.demeter.Account(t.Context(), a.ID)
	require.NoError(t, err)
	require.Equal(t, "acme", old.Name)
	view, err := w.GetProject(as(t.Context(), management.RoleMember, a.ID), a.DefaultProjectID)
	require.NoError(t, err)
	require.True(t, view.Default)
	oldProject, err := w.demeter.Project(t.Context(), view.ID)
	require.NoError(t, err)
	require.Equal(t, view.Namespace, oldProject.Namespace)
	require.Regexp(t, `^prj-default-[a-z2-7]{6}$`, view.Namespace)

	events := w.events(t)
	require.Len(t, events, 1)
	require.Equal(t, demeterevent.ProjectCreated, events[0].Type)
	require.Equal(t, a.DefaultProjectID, events[0].ID)
	require.EqualValues(t, 1, events[0].Generation)
}

func TestCreateAccountRefuses(t *testing.T) {
	w := newWorld(t)
	taken := w.account(t, "taken")
	cases := map[string]struct {
		req    management.NewAccount
		kind   error
		fields []string
	}{
		"no name":        {management.NewAccount{OwnerEmail: "a@b.example"}, management.ErrInvalid, []string{"name"}},
		"spaces around":  {management.NewAccount{Name: " a", OwnerEmail: "a@b.example"}, management.ErrInvalid, []string{"name"}},
		"bad email":      {management.NewAccount{Name: "a", OwnerEmail: "nobody"}, management.ErrInvalid, []string{"owner_email"}},
		"both":           {management.NewAccount{}, management.ErrInvalid, []string{"name", "owner_email"}},
		"duplicate name": {management.NewAccount{Name: "TAKEN", OwnerEmail: "a@b.example"}, management.ErrExists, []string{"name"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := w.CreateAccount(operator(t.Context()), tc.req)
			require.ErrorIs(t, err, tc.kind)
			require.Equal(t, tc.fields, fieldsOf(err))
			accounts, projects := w.demeter.Counts()
			require.Equal(t, []int{1, 1, 1}, []int{accounts, projects, len(w.events(t))}, "nothing written, nothing sent")
		})
	}
	_, err := w.CreateAccount(as(t.Context(), management.RoleAdmin, taken.ID), management.NewAccount{Name: "b", OwnerEmail: "a@b.example"})
	require.ErrorIs(t, err, management.ErrDenied)
	_, err = w.CreateAccount(t.Context(), management.NewAccount{Name: "b", OwnerEmail: "a@b.example"})
	require.ErrorIs(t, err, management.ErrUnauthenticated)
}

func TestNameTakenInTheOldDatabaseOnly(t *testing.T) {
	w := newWorld(t)
	legacy := management.Account{ID: "legacy", Name: "acme"}
	require.NoError(t, w.demeter.CreateAccount(t.Context(), legacy,
		management.Project{ID: "legacy-p", AccountID: "legacy", Name: "default", Namespace: "old"}))
	_, err := w.CreateAccount(operator(t.Context()), management.NewAccount{Name: "Acme", OwnerEmail: "a@b.example", IdempotencyKey: "k"})
	require.ErrorIs(t, err, management.ErrExists)
	require.Empty(t, w.events(t))
	require.NoError(t, w.Recover(t.Context()))
	accounts, err := w.ListAccounts(operator(t.Context()), management.Page{})
	require.NoError(t, err)
	require.Empty(t, accounts, "the refused creation has left nothing to recover")
}

func TestIdempotencyKey(t *testing.T) {
	w := newWorld(t)
	req := management.NewAccount{Name: "acme", OwnerEmail: "a@b.example", IdempotencyKey: "k1"}
	first, err := w.CreateAccount(operator(t.Context()), req)
	require.NoError(t, err)
	again, err := w.CreateAccount(operator(t.Context()), req)
	require.NoError(t, err)
	require.Equal(t, first, again)
	require.Len(t, w.events(t), 1)

	req.OwnerEmail = "other@b.example"
	_, err = w.CreateAccount(operator(t.Context()), req)
	require.ErrorIs(t, err, management.ErrInvalid)
	require.Equal(t, []string{"idempotency_key"}, fieldsOf(err))

	req = management.NewAccount{Name: "other", OwnerEmail: "a@b.example", IdempotencyKey: "k1"}
	other := management.WithPrincipal(t.Context(), management.Principal{KeyID: "op2", Role: management.RoleOperator})
	_, err = w.CreateAccount(other, req)
	require.NoError(t, err, "keys count per caller")
}

func TestIdempotencyKeysAreForgotten(t *testing.T) {
	w := newWorld(t)
	req := management.NewAccount{Name: "acme", OwnerEmail: "a@b.example", IdempotencyKey: "k1"}
	_, err := w.CreateAccount(operator(t.Context()), req)
	require.NoError(t, err)
	w.clock.Advance(25 * 60 * 60 * 1e9)
	require.NoError(t, w.Sweep(t.Context()))
	_, err = w.CreateAccount(operator(t.Context()), req)
	require.ErrorIs(t, err, management.ErrExists, "a new request now, and the name is taken")
}

func TestListAccounts(t *testing.T) {
	w := newWorld(t)
	a, b := w.account(t, "a"), w.account(t, "b")
	all, err := w.ListAccounts(operator(t.Context()), management.Page{})
	require.NoError(t, err)
	require.Equal(t, []management.Account{a, b}, all)
	rest, err := w.ListAccounts(operator(t.Context()), management.Page{After: a.ID, Limit: 5})
	require.NoError(t, err)
	require.Equal(t, []management.Account{b}, rest)
	own, err := w.ListAccounts(as(t.Context(), management.RoleMember, b.ID), management.Page{})
	require.NoError(t, err)
	require.Equal(t, []management.Account{b}, own)
	_, err = w.GetAccount(as(t.Context(), management.RoleAdmin, b.ID), a.ID)
	require.ErrorIs(t, err, management.ErrNotFound, "another account cannot be probed")
}
