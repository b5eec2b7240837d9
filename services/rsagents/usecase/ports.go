// Package usecase is what rsagents does: one method per use case. It knows ports
// only. A change of a catalog and the events that it causes are one write.
package usecase

import (
	"context"
	"errors"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/services/rsagents/domain"
)

// Errors of References.
var (
	// ErrInUse says that a router refers to the agent package.
	ErrInUse = errors.New("rsagents: agent package in use")
	// ErrUnanswered says that it is not known who refers to the agent package.
	ErrUnanswered = errors.New("rsagents: references of agent package are unknown")
)

// Catalogs keeps the catalogs by ISP; *docstore.Collection implements it. Change
// functions may run more than once for one call.
type Catalogs interface {
	Get(ctx context.Context, ispID string) (docstore.Document[domain.Catalog], error)
	Upsert(ctx context.Context, ispID string,
		change func(value *domain.Catalog, found bool) ([]*eventbus.Message, error),
	) (docstore.Document[domain.Catalog], error)
}

// References knows who refers to an agent package.
type References interface {
	// Release gives a package up, so that no router can be associated with it any
	// more. It returns ErrInUse when one is, and ErrUnanswered when it may be asked
	// again later; then the package may have been given up or not.
	Release(ctx context.Context, ispID, packageID string) error
}

// lookup returns an ISP's catalog, an empty one when there is none.
func lookup(ctx context.Context, catalogs Catalogs, ispID string) (domain.Catalog, error) {
	doc, err := catalogs.Get(ctx, ispID)
	if errors.Is(err, docstore.ErrNotFound) {
		return domain.Catalog{}, nil
	}
	return doc.Value, err
}
