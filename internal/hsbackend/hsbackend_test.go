package hsbackend_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/hsadmin"
	"github.com/hexplane/hexplane/internal/hsbackend"
	"github.com/hexplane/hexplane/rsmodels"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func put(t *testing.T, backend *hsbackend.Backend, isp string, flags bool) {
	t.Helper()
	client, err := hsadmin.New(hsadmin.Config{
		BaseURL: expand(backend.URL, isp), Credentials: backend.Credentials,
	})
	require.NoError(t, err)
	defer client.Close()
	raw := `{"wan":false}`
	if flags {
		raw = `{"wan":true,"note":"ünïcode & more"}`
	}
	doc, err := rsmodels.Parse(rsmodels.KindSystem, rsmodels.SystemGeneralID, []byte(raw))
	require.NoError(t, err)
	require.NoError(t, client.Put(t.Context(), doc))
}

func expand(template, isp string) string {
	return strings.ReplaceAll(template, "{isp_id}", isp)
}

func TestDocumentsOutliveTheProcess(t *testing.T) {
	dir := t.TempDir()
	first, err := hsbackend.Open(dir, []string{"north", "south"})
	require.NoError(t, err)
	put(t, first, "north", false)
	put(t, first, "south", false)
	put(t, first, "north", true)
	want := first.Documents()
	require.NoError(t, first.Close())

	second, err := hsbackend.Open(dir, []string{"north", "south"})
	require.NoError(t, err)
	assert.Equal(t, want, second.Documents())
	assert.NotEqual(t, want["north"], want["south"], "realms are apart")
	second.Wipe()
	require.NoError(t, second.Close())

	third, err := hsbackend.Open(dir, []string{"north", "south"})
	require.NoError(t, err)
	assert.Zero(t, third.Count(rsmodels.KindSystem))
	require.NoError(t, third.Close())
}

func TestACutOffLineIsDropped(t *testing.T) {
	dir := t.TempDir()
	first, err := hsbackend.Open(dir, []string{"north"})
	require.NoError(t, err)
	put(t, first, "north", true)
	want := first.Documents()
	require.NoError(t, first.Close())

	file := filepath.Join(dir, "north.ndjson")
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, append(content, `{"kind":"system","id":"gen`...), 0o600))

	second, err := hsbackend.Open(dir, []string{"north"})
	require.NoError(t, err)
	assert.Equal(t, want, second.Documents())
	put(t, second, "north", false)
	want = second.Documents()
	require.NoError(t, second.Close())

	third, err := hsbackend.Open(dir, []string{"north"})
	require.NoError(t, err)
	assert.Equal(t, want, third.Documents(), "what follows the dropped line is readable")
	require.NoError(t, third.Close())
}

func TestABrokenLineIsReported(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "north.ndjson"), []byte("{\n"), 0o600))
	_, err := hsbackend.Open(dir, []string{"north"})
	assert.Error(t, err)
}
