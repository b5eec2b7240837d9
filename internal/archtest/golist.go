package archtest

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// module is this repository's own module path.
const module = "github.com/hexplane/hexplane"

// listed is what the tests read of one line of go list's output.
type listed struct {
	importPath string
	name       string // of the package clause
	module     string // empty in the standard library
	imports    []string
}

const listFormat = `{{.ImportPath}}|{{.Name}}|{{with .Module}}{{.Path}}{{end}}|{{join .Imports " "}}`

// goList runs `go list` in root with the arguments given.
func goList(ctx context.Context, root string, args ...string) ([]listed, error) {
	cmd := exec.CommandContext(ctx, "go", append([]string{"list", "-f", listFormat}, args...)...)
	cmd.Dir = root
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("go list %s: %w: %s", strings.Join(args, " "), err, stderr.String())
	}
	var pkgs []listed
	for line := range strings.Lines(stdout.String()) {
		fields := strings.Split(strings.TrimSpace(line), "|")
		if len(fields) != 4 {
			return nil, fmt.Errorf("go list printed %q", line)
		}
		pkgs = append(pkgs, listed{
			importPath: fields[0], name: fields[1], module: fields[2], imports: strings.Fields(fields[3]),
		})
	}
	return pkgs, nil
}

// publicPackages are the import paths, relative to the module, that other modules may
// import: neither internal nor a program.
func publicPackages(pkgs []listed) []string {
	var public []string
	for _, pkg := range pkgs {
		rel := strings.TrimPrefix(pkg.importPath, module+"/")
		top, _, _ := strings.Cut(rel, "/")
		if pkg.name == "main" || top == "services" || top == "examples" || slices.Contains(strings.Split(rel, "/"), "internal") {
			continue
		}
		public = append(public, rel)
	}
	return public
}

// dependencies lists what compiling the package takes beside the standard library: the
// modules of others by path, and this module's own packages by import path; sorted.
func dependencies(pkgs []listed, self string) []string {
	var deps []string
	for _, pkg := range pkgs {
		switch {
		case pkg.module == "" || pkg.importPath == self:
		case pkg.module == module:
			deps = append(deps, "package "+strings.TrimPrefix(pkg.importPath, module+"/"))
		default:
			deps = append(deps, "module "+pkg.module)
		}
	}
	slices.Sort(deps)
	return slices.Compact(deps)
}

// listFile is where the list of a public package is checked in.
func listFile(rel string) string {
	return filepath.Join("testdata", strings.ReplaceAll(rel, "/", "_")+".txt")
}
