package stack

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// apiKeys reads the ISPs' keys, and makes those that are not there yet.
func apiKeys(file string, ispIDs []string) (map[string]string, error) {
	keys := map[string]string{}
	content, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(content, &keys)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("api keys: %w", err)
	}
	for _, isp := range ispIDs {
		if keys[isp] == "" {
			keys[isp] = isp + "-" + rand.Text()
		}
	}
	if content, err = json.MarshalIndent(keys, "", "  "); err != nil {
		return nil, fmt.Errorf("api keys: %w", err)
	}
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o750), os.WriteFile(file, content, 0o600)); err != nil {
		return nil, fmt.Errorf("api keys: %w", err)
	}
	return keys, nil
}

// joinKeys writes keys the way that API_KEYS has them.
func joinKeys(keys map[string]string) string {
	var pairs []string
	for _, isp := range slices.Sorted(maps.Keys(keys)) {
		pairs = append(pairs, isp+"="+keys[isp])
	}
	return strings.Join(pairs, ",")
}
