package usecase_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rsclient/usecase"
)

const keep, grace = 24 * time.Hour, time.Hour

// gone tells which of the account, the user, the phone and the router are no
// documents any more, not even tombstones.
func (f *fixture) gone() []string {
	f.t.Helper()
	var gone []string
	note := func(id string, err error) {
		if err != nil {
			require.ErrorIs(f.t, err, docstore.ErrNotFound)
			gone = append(gone, id)
		}
	}
	_, err := f.tables.Accounts.Get(f.t.Context(), "a1")
	note("a1", err)
	_, err = f.tables.Users.Get(f.t.Context(), "u1")
	note("u1", err)
	_, err = f.tables.Devices.Get(f.t.Context(), "d1")
	note("d1", err)
	_, err = f.tables.Devices.Get(f.t.Context(), "r1")
	note("r1", err)
	return gone
}

func (f *fixture) household() {
	f.t.Helper()
	f.ok(f.SaveAccount(f.t.Context(), account(), f.news()))
	f.ok(f.SaveUser(f.t.Context(), user(nil), f.news()))
	f.ok(f.SaveDevice(f.t.Context(), phone(), f.news()))
	f.ok(f.SaveDevice(f.t.Context(), router(), f.news()))
}

func TestTombstonesAreForgottenWhenTheyAreOld(t *testing.T) {
	f := newFixture(t)
	tombstones := usecase.NewTombstones(f.tables, keep, grace, f.time)
	f.household()
	f.ok(f.DeleteDevice(t.Context(), phone(), f.news()))
	f.later = keep
	f.ok(f.DeleteUser(t.Context(), user(nil), f.news()))
	f.ok(tombstones.Sweep(t.Context()))
	assert.Equal(t, []string{"d1"}, f.gone())

	f.later = 2 * keep
	f.ok(f.DeleteAccount(t.Context(), account(), f.news()))
	f.ok(tombstones.Sweep(t.Context()))
	assert.Equal(t, []string{"u1", "d1"}, f.gone())
	f.told()
	f.ok(f.SaveDevice(t.Context(), router(), at(1)))
	assert.Empty(t, f.told(), "an older event revives nothing while there is a tombstone")

	f.later = 3 * keep
	f.ok(tombstones.Sweep(t.Context()))
	assert.Equal(t, []string{"a1", "u1", "d1", "r1"}, f.gone())
	assert.Empty(t, f.told(), "forgetting is no news")
}

func TestTombstonesThatStay(t *testing.T) {
	tests := map[string]struct {
		keep, grace time.Duration
		then        func(*fixture)
	}{
		"for ever":                       {keep: -1},
		"the process has just started":   {keep: keep, grace: 10 * keep},
		"what was deleted is made anew":  {keep: keep, then: (*fixture).household},
		"they are not old":               {keep: 6 * keep},
		"a change of what was made anew": {keep: keep, then: func(f *fixture) { f.household(); f.household() }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			tombstones := usecase.NewTombstones(f.tables, tt.keep, tt.grace, f.time)
			f.household()
			f.ok(f.DeleteAccount(t.Context(), account(), f.news()))
			f.later = 5 * keep
			if tt.then != nil {
				tt.then(f)
			}
			f.ok(tombstones.Sweep(t.Context()))
			assert.Empty(t, f.gone())
		})
	}
}

// TestEndOfAnAccountMadeAnewIsRemembered: what was there before the account's end
// stays gone, however long ago it ended.
func TestEndOfAnAccountMadeAnewIsRemembered(t *testing.T) {
	f := newFixture(t)
	tombstones := usecase.NewTombstones(f.tables, keep, 0, f.time)
	f.household()
	f.ok(f.DeleteAccount(t.Context(), account(), f.news()))
	f.ok(f.SaveAccount(t.Context(), account(), f.news()))
	f.later = 2 * keep
	f.ok(tombstones.Sweep(t.Context()))
	assert.Equal(t, []string{"u1", "d1", "r1"}, f.gone())
	f.told()
	f.ok(f.SaveDevice(t.Context(), phone(), at(3)))
	assert.Empty(t, f.told())
}

// TestReplyAboutAForgottenDeviceLeavesNothing: it would be kept for ever.
func TestReplyAboutAForgottenDeviceLeavesNothing(t *testing.T) {
	f := newFixture(t)
	f.household()
	sent := f.requests(usecase.TaskSyncAccountsBulk, rsevent.RSSyncAccountsBulk{ISPID: isp, AccountIDs: []string{"a1"}})
	f.ok(f.DeleteAccount(t.Context(), account(), f.news()))
	f.later = 2 * keep
	f.ok(usecase.NewTombstones(f.tables, keep, 0, f.time).Sweep(t.Context()))
	f.told()
	for _, request := range sent {
		f.answer(request, "devices", "ok", time.UnixMilli(1000))
	}
	assert.Empty(t, f.told())
	for _, id := range []string{"d1", "r1"} {
		_, err := f.tables.Confirmations.Get(t.Context(), id)
		require.ErrorIs(t, err, docstore.ErrNotFound)
	}
}
