// Package dirbucket is a bucket in a folder: one file for each object.
//
// An object is written beside its place and then moved there, so a reader or a crash
// never meets half of one. Nothing is written outside the folder, whatever the key.
package dirbucket

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"

	"github.com/google/uuid"
)

// Bucket is a folder. It may be used concurrently.
type Bucket struct {
	root *os.Root
	sync bool
}

// Open makes the folder when it is absent. With sync each object is on disk before
// Put returns, against power loss.
func Open(dir string, sync bool) (*Bucket, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("dirbucket: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("dirbucket: %w", err)
	}
	return &Bucket{root: root, sync: sync}, nil
}

// Put stores an object under a slash-separated key, in place of one that is there.
func (b *Bucket) Put(ctx context.Context, key string, data []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := b.root.MkdirAll(path.Dir(key), 0o750); err != nil {
		return fmt.Errorf("dirbucket: put: %w", err)
	}
	temporary := path.Join(path.Dir(key), "."+uuid.NewString())
	if err := b.write(temporary, data); err != nil {
		return fmt.Errorf("dirbucket: put: %w", errors.Join(err, b.root.Remove(temporary)))
	}
	if err := b.root.Rename(temporary, key); err != nil {
		return fmt.Errorf("dirbucket: put: %w", errors.Join(err, b.root.Remove(temporary)))
	}
	return nil
}

func (b *Bucket) write(name string, data []byte) error {
	f, err := b.root.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o640)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil && b.sync {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// Close lets go of the folder.
func (b *Bucket) Close() error { return b.root.Close() }
