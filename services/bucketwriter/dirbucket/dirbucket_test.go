package dirbucket_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/services/bucketwriter/dirbucket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestPut(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "bucket")
	bucket, err := dirbucket.Open(dir, true)
	require.NoError(t, err)
	defer func() { require.NoError(t, bucket.Close()) }()
	require.NoError(t, bucket.Put(t.Context(), "a/b.json", []byte("1")))
	require.NoError(t, bucket.Put(t.Context(), "a/b.json", []byte("2")))
	data, err := os.ReadFile(filepath.Join(dir, "a", "b.json"))
	require.NoError(t, err)
	assert.Equal(t, "2", string(data))
	entries, err := os.ReadDir(filepath.Join(dir, "a"))
	require.NoError(t, err)
	assert.Len(t, entries, 1, "nothing temporary is left")
}

func TestPutFails(t *testing.T) {
	dir := t.TempDir()
	bucket, err := dirbucket.Open(filepath.Join(dir, "bucket"), false)
	require.NoError(t, err)
	defer func() { require.NoError(t, bucket.Close()) }()
	require.Error(t, bucket.Put(t.Context(), "../outside.json", nil))
	assert.NoFileExists(t, filepath.Join(dir, "outside.json"))
	require.NoError(t, bucket.Put(t.Context(), "a/b", nil))
	require.Error(t, bucket.Put(t.Context(), "a/b/c", nil), "an object is no folder")
	require.Error(t, bucket.Put(t.Context(), "a", nil), "a folder is no object")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, bucket.Put(ctx, "x", nil), context.Canceled)
	_, err = dirbucket.Open("/dev/null/bucket", false)
	require.Error(t, err)
}
