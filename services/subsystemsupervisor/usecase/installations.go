// Package usecase holds what subsystemsupervisor does: it remembers which products an
// account uses, and since when.
package usecase

import (
	"context"
	"errors"
	"time"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/docstore"
)

// Installations are the products of one account.
type Installations struct {
	AccountID string               `json:"account_id"`
	Products  map[string]time.Time `json:"products"` // since when, by name
}

// Supervisor keeps installations. It may be used concurrently.
type Supervisor struct {
	docs *docstore.Collection[Installations]
}

// NewSupervisor returns the use cases over a store.
func NewSupervisor(store *docstore.Store) *Supervisor {
	return &Supervisor{docstore.NewCollection[Installations](store, "installations")}
}

// id names an account of a provider; ids hold no slash.
func id(ispID, accountID string) string { return ispID + "/" + accountID }

// Installed remembers that an account uses a product. The earliest time counts, so
// the news may come again and in any order.
func (s *Supervisor) Installed(ctx context.Context, ispID, accountID, product string, at time.Time) error {
	at = at.UTC()
	_, err := s.docs.Upsert(ctx, id(ispID, accountID), func(stored *Installations, _ bool) ([]*eventbus.Message, error) {
		if since, known := stored.Products[product]; known && !at.Before(since) {
			return nil, docstore.Keep
		}
		if stored.Products == nil {
			stored.Products = map[string]time.Time{}
		}
		stored.AccountID = accountID
		stored.Products[product] = at
		return nil, nil
	})
	return err
}

// Get returns the products of an account; none when nothing is known of it.
func (s *Supervisor) Get(ctx context.Context, ispID, accountID string) (Installations, error) {
	doc, err := s.docs.Get(ctx, id(ispID, accountID))
	if errors.Is(err, docstore.ErrNotFound) {
		return Installations{AccountID: accountID, Products: map[string]time.Time{}}, nil
	}
	return doc.Value, err
}
