package embedkafka

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// folderLock is an advisory lock on a data folder; it dies with the process. The zero
// value locks nothing.
type folderLock struct{ file *os.File }

// lockDir makes the folder and locks it; an empty name needs no lock.
func lockDir(dir string) (folderLock, error) {
	if dir == "" {
		return folderLock{}, nil
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return folderLock{}, fmt.Errorf("embedkafka: data folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Clean(dir)+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return folderLock{}, fmt.Errorf("embedkafka: lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return folderLock{}, fmt.Errorf("%w: %s", ErrInUse, dir)
	}
	return folderLock{f}, nil
}

// release gives the lock back: closing the last descriptor does that.
func (l folderLock) release() {
	if l.file != nil {
		_ = l.file.Close()
	}
}
