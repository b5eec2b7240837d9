package management_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/management"
)

func TestAPIKeyLife(t *testing.T) {
	w := newWorld(t)
	a := w.account(t, "acme")
	req := management.NewAPIKey{
		Name: "ci", AccountID: a.ID, Role: management.RoleMember,
		ExpiresAt: w.clock.Now().Add(time.Hour), IdempotencyKey: "k",
	}
	row, secret, err := w.CreateAPIKey(as(t.Context(), management.RoleAdmin, a.ID), req)
	require.NoError(t, err)
	require.Equal(t, "[redacted]", fmt.Sprintf("%v", secret))
	require.NotContains(t, fmt.Sprintf("%#v %+v", secret, secret), row.ID)
	encoded, err := json.Marshal(map[string]management.Secret{"key": secret})
	require.NoError(t, err)
	require.JSONEq(t, `{"key":"[redacted]"}`, string(encoded))

	_, _, err = w.CreateAPIKey(as(t.Context(), management.RoleAdmin, a.ID), req)
	require.ErrorIs(t, err, management.ErrExists, "shown once")

	who, err := w.Authenticate(t.Context(), secret)
	require.NoError(t, err)
	require.Equal(t, management.Principal{KeyID: row.ID, Role: management.RoleMember, AccountID: a.ID}, who)
	for _, wrong := range []management.Secret{"", "x", "dmk_", "dmk_none_x", secret + "x", secret[:len(secret)-1]} {
		_, err := w.Authenticate(t.Context(), wrong)
		require.ErrorIs(t, err, management.ErrUnauthenticated)
	}

	require.ErrorIs(t, w.RevokeAPIKey(as(t.Context(), management.RoleAdmin, "other"), row.ID), management.ErrNotFound)
	require.NoError(t, w.RevokeAPIKey(as(t.Context(), management.RoleAdmin, a.ID), row.ID))
	require.NoError(t, w.RevokeAPIKey(as(t.Context(), management.RoleAdmin, a.ID), row.ID))
	_, err = w.Authenticate(t.Context(), secret)
	require.ErrorIs(t, err, management.ErrUnauthenticated, "revoked at once")

	req.IdempotencyKey = "k2"
	_, secret, err = w.CreateAPIKey(as(t.Context(), management.RoleAdmin, a.ID), req)
	require.NoError(t, err)
	w.clock.Advance(time.Hour)
	_, err = w.Authenticate(t.Context(), secret)
	require.ErrorIs(t, err, management.ErrUnauthenticated, "expired")
	keys, err := w.ListAPIKeys(as(t.Context(), management.RoleAdmin, a.ID), a.ID, management.Page{})
	require.NoError(t, err)
	require.Len(t, keys, 2)
}

func TestAPIKeyRefusals(t *testing.T) {
	w := newWorld(t)
	a := w.account(t, "acme")
	good := management.NewAPIKey{Name: "ci", AccountID: a.ID, Role: management.RoleMember, ExpiresAt: w.clock.Now().Add(time.Hour)}
	cases := map[string]struct {
		mutate func(*management.NewAPIKey)
		fields []string
	}{
		"no name":                 {func(r *management.NewAPIKey) { r.Name = "" }, []string{"name"}},
		"no role":                 {func(r *management.NewAPIKey) { r.Role = "root" }, []string{"role"}},
		"operator of account":     {func(r *management.NewAPIKey) { r.Role = management.RoleOperator }, []string{"account_id"}},
		"member of nothing":       {func(r *management.NewAPIKey) { r.AccountID = "" }, []string{"account_id"}},
		"never expires":           {func(r *management.NewAPIKey) { r.ExpiresAt = time.Time{} }, []string{"expires_at"}},
		"expires in ten years":    {func(r *management.NewAPIKey) { r.ExpiresAt = w.clock.Now().AddDate(10, 0, 0) }, []string{"expires_at"}},
		"account that is no such": {func(r *management.NewAPIKey) { r.AccountID = "none" }, []string{"account_id"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			req := good
			tc.mutate(&req)
			_, _, err := w.CreateAPIKey(operator(t.Context()), req)
			require.Equal(t, tc.fields, fieldsOf(err))
		})
	}
	promoted := good
	promoted.Role, promoted.AccountID = management.RoleOperator, ""
	_, _, err := w.CreateAPIKey(as(t.Context(), management.RoleAdmin, a.ID), promoted)
	require.ErrorIs(t, err, management.ErrDenied, "an admin cannot make an operator")
	_, _, err = w.CreateAPIKey(as(t.Context(), management.RoleMember, a.ID), good)
	require.ErrorIs(t, err, management.ErrDenied)
}

func TestRoles(t *testing.T) {
	w := newWorld(t)
	a := w.account(t, "acme")
	member := as(t.Context(), management.RoleMember, a.ID)
	_, err := w.CreateProject(member, management.NewProject{AccountID: a.ID, Name: "x"})
	require.ErrorIs(t, err, management.ErrDenied)
	_, err = w.DeleteProject(member, a.DefaultProjectID, false)
	require.ErrorIs(t, err, management.ErrDenied)
	_, err = w.ListAudit(member, a.ID, management.Page{})
	require.ErrorIs(t, err, management.ErrDenied)
	_, err = w.ListAudit(as(t.Context(), management.RoleAdmin, a.ID), "", management.Page{})
	require.ErrorIs(t, err, management.ErrDenied)
	_, err = w.GetProject(t.Context(), a.DefaultProjectID)
	require.ErrorIs(t, err, management.ErrUnauthenticated)
	_, err = w.GetProject(t.Context(), "none")
	require.ErrorIs(t, err, management.ErrUnauthenticated)
}

func TestBootstrap(t *testing.T) {
	w := newWorld(t)
	first, second := management.NewBootstrapKey(), management.NewBootstrapKey()
	require.NoError(t, w.Bootstrap(t.Context(), first))
	who, err := w.Authenticate(t.Context(), first)
	require.NoError(t, err)
	require.Equal(t, management.RoleOperator, who.Role)
	require.NoError(t, w.Bootstrap(t.Context(), second))
	_, err = w.Authenticate(t.Context(), first)
	require.ErrorIs(t, err, management.ErrUnauthenticated)
	for _, weak := range []management.Secret{"", "x", "dmk_bootstrap_", "dmk_bootstrap_short"} {
		require.ErrorIs(t, w.Bootstrap(t.Context(), weak), management.ErrInvalid)
	}
}

func TestAuditTellsWhoWhatBeforeAfter(t *testing.T) {
	w := newWorld(t)
	a := w.account(t, "acme")
	p := w.project(t, a.ID, "shop")
	admin := as(t.Context(), management.RoleAdmin, a.ID)
	_, err := w.DeleteProject(admin, p.ID, false)
	require.NoError(t, err)
	entries, err := w.ListAudit(admin, a.ID, management.Page{})
	require.NoError(t, err)
	var actions []string
	for _, e := range entries {
		actions = append(actions, e.Actor+" "+e.Action)
	}
	require.Equal(t, []string{
		"op account.create", "op project.create", "op project.create",
		"admin of " + a.ID + " project.delete",
	}, actions)
	var before, after management.Project
	require.NoError(t, json.Unmarshal(entries[3].Before, &before))
	require.NoError(t, json.Unmarshal(entries[3].After, &after))
	require.Zero(t, before.DeletedAt)
	require.NotZero(t, after.DeletedAt)
}
