package archtest

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

//go:generate go test -count=1 -run TestDependencies -update .

var update = flag.Bool("update", false, "rewrite the lists of dependencies in testdata")

const (
	root   = "../.."
	header = "# What compiling this package takes beside the standard library. Rewritten by `make generate`.\n"
)

// TestDependencies compares what each public package compiles with its checked-in list,
// and refuses a vendor outside its adapter whatever the list says.
func TestDependencies(t *testing.T) {
	all, err := goList(t.Context(), root, "./...")
	require.NoError(t, err)
	public := publicPackages(all)
	require.NotEmpty(t, public)
	if *update {
		removeLists(t)
	}
	for _, rel := range public {
		t.Run(rel, func(t *testing.T) {
			got := compiled(t, rel)
			assert.Empty(t, misplaced(rel, got), "vendors outside their adapter")
			if *update {
				writeList(t, rel, got)
			}
			assert.Equal(t, readList(t, rel), got, "a dependency came or went; if it is meant, run make generate")
		})
	}
	assertNoStaleLists(t, public)
}

// TestVendorIsNoticed adds an import of a broker's client to eventbus, in an overlay
// that only go list sees, and expects both checks to fail.
func TestVendorIsNoticed(t *testing.T) {
	for vendor, module := range map[string]string{
		"github.com/IBM/sarama":                "github.com/IBM/sarama",
		"go.mongodb.org/mongo-driver/v2/mongo": "go.mongodb.org/mongo-driver/v2",
		"google.golang.org/grpc":               "google.golang.org/grpc",
		"k8s.io/apimachinery/pkg/labels":       "k8s.io/apimachinery",
	} {
		for _, rel := range []string{"eventbus", "rsmodels"} {
			t.Run(rel+" "+module, func(t *testing.T) {
				deps := compiled(t, rel, "-overlay", overlay(t, rel, vendor))
				assert.Contains(t, strings.Join(misplaced(rel, deps), "\n"), module)
				assert.NotEqual(t, readList(t, rel), deps)
			})
		}
	}
}

// compiled is what the package compiles, by its import path relative to the module.
func compiled(t *testing.T, rel string, args ...string) []string {
	t.Helper()
	pkgs, err := goList(t.Context(), root, append(args, "-deps", "./"+rel)...)
	require.NoError(t, err)
	return dependencies(pkgs, module+"/"+rel)
}

// overlay writes an overlay file for the go command that adds one import to the package.
func overlay(t *testing.T, rel, vendor string) string {
	t.Helper()
	dir := t.TempDir()
	source := filepath.Join(dir, "vendor.go")
	require.NoError(t, os.WriteFile(source, []byte("package "+filepath.Base(rel)+"\n\nimport _ \""+vendor+"\"\n"), 0o600))
	target, err := filepath.Abs(filepath.Join(root, rel, "zz_vendor.go"))
	require.NoError(t, err)
	content, err := json.Marshal(map[string]any{"Replace": map[string]string{target: source}})
	require.NoError(t, err)
	file := filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(file, content, 0o600))
	return file
}

func readList(t *testing.T, rel string) []string {
	t.Helper()
	content, err := os.ReadFile(listFile(rel))
	require.NoError(t, err, "no list of dependencies for %s: run make generate", rel)
	var deps []string
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			deps = append(deps, line)
		}
	}
	return deps
}

func writeList(t *testing.T, rel string, deps []string) {
	t.Helper()
	content := header + strings.Join(append(deps, ""), "\n")
	require.NoError(t, os.MkdirAll("testdata", 0o750))
	require.NoError(t, os.WriteFile(listFile(rel), []byte(content), 0o600))
}

func removeLists(t *testing.T) {
	t.Helper()
	for _, file := range lists(t) {
		require.NoError(t, os.Remove(file))
	}
}

func assertNoStaleLists(t *testing.T, public []string) {
	t.Helper()
	wanted := map[string]bool{}
	for _, rel := range public {
		wanted[listFile(rel)] = true
	}
	for _, file := range lists(t) {
		assert.True(t, wanted[file], "%s belongs to no public package: run make generate", file)
	}
}

func lists(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	return files
}
