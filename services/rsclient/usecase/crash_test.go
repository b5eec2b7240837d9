package usecase_test

import (
	"context"
	"errors"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/services/rsclient/usecase"
)

var errCrash = errors.New("crash")

// fuse blows at a write: before it, or after it took effect.
type fuse struct {
	left int // writes until then; negative: never
	late bool
}

// blows counts a write and tells whether this is the one.
func (f *fuse) blows() bool {
	if f.left < 0 {
		return false
	}
	f.left--
	return f.left < 0
}

// fused is a table that crashes with a fuse.
type fused[T any] struct {
	usecase.Table[T]
	fuse *fuse
}

func (t fused[T]) Upsert(ctx context.Context, id string,
	change func(*T, bool) ([]*eventbus.Message, error),
) (docstore.Document[T], error) {
	if !t.fuse.blows() {
		return t.Table.Upsert(ctx, id, change)
	}
	if t.fuse.late {
		if doc, err := t.Table.Upsert(ctx, id, change); err != nil {
			return doc, err
		}
	}
	return docstore.Document[T]{}, errCrash
}

func (t fused[T]) Delete(ctx context.Context, id string, version int64, events ...*eventbus.Message) error {
	if !t.fuse.blows() {
		return t.Table.Delete(ctx, id, version, events...)
	}
	if t.fuse.late {
		if err := t.Table.Delete(ctx, id, version, events...); err != nil {
			return err
		}
	}
	return errCrash
}

// fused puts one fuse into all tables of the provisioning use cases.
func (f *fixture) fused() *fuse {
	fuse := &fuse{left: -1}
	tables := f.tables
	tables.Accounts = wrap(tables.Accounts, fuse)
	tables.Users = wrap(tables.Users, fuse)
	tables.Devices = wrap(tables.Devices, fuse)
	tables.Associations = wrap(tables.Associations, fuse)
	tables.Confirmations = wrap(tables.Confirmations, fuse)
	f.Provisioning = usecase.NewProvisioning(tables, usecase.NewPush(f.tasks), f.time)
	return fuse
}

func wrap[T any](t usecase.Table[T], f *fuse) usecase.Table[T] { return fused[T]{t, f} }
