package wire

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/management"
)

// operatorKey returns the configured key, or the one kept beside the state, which
// only the owner of the files can read.
func operatorKey(p *service.Platform, cfg Config) (management.Secret, error) {
	if cfg.OperatorKey != "" {
		return management.Secret(cfg.OperatorKey), nil
	}
	path := KeyFile(p.Dir)
	kept, err := os.ReadFile(path)
	switch {
	case err == nil:
		return management.Secret(strings.TrimSpace(string(kept))), nil
	case !errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("operator key: %w", err)
	}
	key := management.NewBootstrapKey()
	if err := os.WriteFile(path, []byte(key.Reveal()+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("operator key: %w", err)
	}
	p.Log.Info("made an operator key", "file", path)
	return key, nil
}

// KeyFile is where the operator key is kept in management's data folder.
func KeyFile(dir string) string { return filepath.Join(dir, "operator.key") }

func printKey(context.Context, *service.Platform, Config) error {
	_, err := os.Stdout.WriteString(management.NewBootstrapKey().Reveal() + "\n")
	return err
}
