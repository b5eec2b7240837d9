package usecase_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/docstore/docstoretest"
	"github.com/hexplane/hexplane/services/gatewayisp/usecase"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newStore() (*docstore.Store, *docstoretest.Memory) {
	backend := docstoretest.NewMemory()
	return docstore.New(backend, &docstoretest.Recorder{}, docstore.Config{}), backend
}

func TestKeysAreReplacedAsAWhole(t *testing.T) {
	store, backend := newStore()
	keys := usecase.NewKeys(store)
	const old, fresh = "old-key-0123456789", "new-key-0123456789"
	require.NoError(t, keys.Replace(t.Context(), map[string]string{old: "isp-1"}))
	require.NoError(t, keys.Replace(t.Context(), map[string]string{fresh: "isp-1"}))
	isp, err := keys.Authenticate(t.Context(), fresh)
	require.NoError(t, err)
	assert.Equal(t, "isp-1", isp)
	_, err = keys.Authenticate(t.Context(), old)
	require.ErrorIs(t, err, usecase.ErrUnknownKey)

	require.ErrorIs(t, keys.Replace(t.Context(), map[string]string{"short": "isp-1"}), usecase.ErrWeakKey)
	_, err = keys.Authenticate(t.Context(), fresh)
	require.NoError(t, err, "a refused set changes nothing")

	docs, err := backend.Find(t.Context(), docstore.Query{Collection: "keys", Limit: 10})
	require.NoError(t, err)
	require.Len(t, docs, 1)
	assert.NotContains(t, docs[0].ID+string(docs[0].Data), fresh, "the key itself is nowhere")
}

func TestLostAttemptIsTakenOver(t *testing.T) {
	store, _ := newStore()
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	repeats := usecase.NewRepeats(store, func() time.Time { return now })
	runs := 0
	run := func() usecase.Answer {
		runs++
		return usecase.Answer{Status: 201, Body: []byte(strings.Repeat("x", runs))}
	}

	died := func() usecase.Answer { panic("the process dies here") }
	assert.Panics(t, func() { _, _, _ = repeats.Do(t.Context(), "i", "k", "r", died) })
	_, _, err := repeats.Do(t.Context(), "i", "k", "r", run)
	require.ErrorIs(t, err, usecase.ErrRunning)

	now = now.Add(2 * time.Minute)
	answer, repeated, err := repeats.Do(t.Context(), "i", "k", "r", run)
	require.NoError(t, err)
	assert.False(t, repeated)
	assert.Equal(t, "x", string(answer.Body))

	now = now.Add(23 * time.Hour)
	require.NoError(t, repeats.Forget(t.Context()))
	_, repeated, err = repeats.Do(t.Context(), "i", "k", "r", run)
	require.NoError(t, err)
	assert.True(t, repeated)

	now = now.Add(2 * time.Hour)
	require.NoError(t, repeats.Forget(t.Context()))
	_, repeated, err = repeats.Do(t.Context(), "i", "k", "r", run)
	require.NoError(t, err)
	assert.False(t, repeated, "forgotten after a day")
	assert.Equal(t, 2, runs)
}
