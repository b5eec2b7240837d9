package usecase

import (
	"context"
	"errors"
	"iter"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/services/rsclient/domain"
)

// Errors that drivers tell apart.
var (
	// ErrNotFound says that there is no such resource for this ISP.
	ErrNotFound = errors.New("rsclient: not found")
	// ErrUnknownPackage says that no agent package has that id.
	ErrUnknownPackage = errors.New("rsclient: unknown agent package")
	// ErrInUse says that a router or a default refers to the agent package.
	ErrInUse = errors.New("rsclient: agent package in use")
)

// Table is a set of documents; *docstore.Collection implements it. Change
// functions may run more than once for one call.
type Table[T any] interface {
	Get(ctx context.Context, id string) (docstore.Document[T], error)
	Find(ctx context.Context, field, value, after string, limit int) ([]docstore.Document[T], error)
	FindBetween(ctx context.Context, field, from, to, after string, limit int) ([]docstore.Document[T], error)
	All(ctx context.Context, field, value string) iter.Seq2[docstore.Document[T], error]
	Upsert(ctx context.Context, id string,
		change func(value *T, found bool) ([]*eventbus.Message, error)) (docstore.Document[T], error)
	Delete(ctx context.Context, id string, version int64, events ...*eventbus.Message) error
}

// Fields that tables are searched by.
const (
	FieldAccount = "account_id" // users, devices
	FieldISP     = "isp_id"     // accounts
	FieldPackage = "package"    // associations, see PackageKey
	FieldBuried  = "buried"     // tombstones of accounts, users and devices, see BuriedKey
)

// Tables is everything that rsclient remembers, tasks aside. Ids are those of the
// entities; ISPs, Agents and Settings are by ISP, Associations and Confirmations
// by device.
type Tables struct {
	Accounts      Table[domain.Account]
	Users         Table[domain.User]
	Devices       Table[domain.Device]
	ISPs          Table[domain.ISP]
	Agents        Table[domain.Agents]
	Settings      Table[domain.Settings]
	Associations  Table[domain.Association]
	Confirmations Table[domain.Confirmation]
}

// PackageKey is the value of FieldPackage for an ISP's agent package.
func PackageKey(ispID, packageID string) string { return ispID + "/" + packageID }

// Tasks starts durable tasks and hands replies to them; *asynctask.Manager
// implements it.
type Tasks interface {
	Start(ctx context.Context, opt asynctask.StartOptions) (asynctask.Result, error)
	DispatchEvent(ctx context.Context, msg *eventbus.Message) (asynctask.Result, error)
}

// lookup is Get for what may be missing: the zero value at version 0.
func lookup[T any](ctx context.Context, t Table[T], id string) (T, int64, error) {
	doc, err := t.Get(ctx, id)
	if errors.Is(err, docstore.ErrNotFound) {
		var zero T
		return zero, 0, nil
	}
	return doc.Value, doc.Version, err
}
