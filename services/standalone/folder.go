package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// marker stands in a data folder that standalone has made, and may empty.
const marker = "standalone.lock"

// errForeign says that the data folder holds something that is not standalone's.
var errForeign = errors.New("the data folder is not standalone's; name an empty one with DATA_DIR")

// claim takes the data folder for this process, and empties it unless the run that it
// holds is resumed. release gives it back.
func claim(dir string, resume bool) (release func(), err error) {
	path := filepath.Join(dir, marker)
	if err := ours(dir, path); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	lock, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	release = func() { _ = lock.Close() } // closing the last descriptor releases the lock
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		release()
		return nil, fmt.Errorf("data folder %s is in use by another process", dir)
	}
	if !resume {
		err = empty(dir)
	}
	if err != nil {
		release()
		return nil, err
	}
	return release, nil
}

// ours refuses a folder that holds something and not the marker.
func ours(dir, path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("data folder: %w", err)
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s: %w", dir, errForeign)
	}
	return nil
}

func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	for _, entry := range entries {
		if entry.Name() == marker {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
			return fmt.Errorf("data folder: %w", err)
		}
	}
	return nil
}
