package archtest

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTopLevel keeps the repository's top level to the folders of the architecture.
func TestTopLevel(t *testing.T) {
	folders := []string{
		"eventbus", "asynctask", "hsadmin", "rsmodels", "management", "fabric",
		"services", "examples", "internal",
	}
	files := []string{"go.mod", "go.sum", "Makefile", "README.md", "LICENSE", "CHANGELOG.md"}

	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	for _, entry := range entries {
		name := entry.Name()
		switch {
		case strings.HasPrefix(name, "."):
		case entry.IsDir():
			assert.Contains(t, folders, name, "a folder outside the architecture")
		default:
			assert.Contains(t, files, name, "a file outside the architecture")
		}
	}
}

// TestEndsOfTheGraph: nothing imports a service or an example but services and examples
// themselves, and these not each other's.
func TestEndsOfTheGraph(t *testing.T) {
	pkgs, err := goList(t.Context(), root, "./...")
	require.NoError(t, err)
	for _, pkg := range pkgs {
		rel := strings.TrimPrefix(pkg.importPath, module+"/")
		for _, dep := range pkg.imports {
			end := strings.TrimPrefix(dep, module+"/")
			if !isEnd(end) {
				continue
			}
			assert.True(t, isEnd(rel), "%s imports %s", rel, end)
			assert.False(t, strings.HasPrefix(end, "examples/") && !strings.HasPrefix(rel, "examples/"), "%s imports %s", rel, end)
		}
	}
}

func isEnd(rel string) bool {
	return strings.HasPrefix(rel, "services/") || strings.HasPrefix(rel, "examples/")
}
