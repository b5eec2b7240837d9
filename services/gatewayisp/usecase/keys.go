// Package usecase holds what gatewayisp decides: whose key a request carries, and
// what a repeated request is answered.
package usecase

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/docstore"
)

// MinKeyLength is the number of bytes that a key must have: keys are stored as plain
// SHA-256, which protects only what cannot be guessed.
const MinKeyLength = 16

// Errors about keys.
var (
	ErrUnknownKey = errors.New("gatewayisp: unknown key")
	ErrWeakKey    = fmt.Errorf("gatewayisp: a key must have at least %d characters", MinKeyLength)
)

// Key is a stored key: its hash is the document's id, the key itself is nowhere.
type Key struct {
	ISPID string `json:"isp_id"`
}

// Keys tells which provider a key belongs to.
type Keys struct{ docs *docstore.Collection[Key] }

// NewKeys returns the use cases over a store.
func NewKeys(store *docstore.Store) *Keys {
	return &Keys{docstore.NewCollection[Key](store, "keys")}
}

// Authenticate returns the provider that a key belongs to, or ErrUnknownKey.
func (k *Keys) Authenticate(ctx context.Context, key string) (ispID string, err error) {
	doc, err := k.docs.Get(ctx, hash(key))
	if errors.Is(err, docstore.ErrNotFound) {
		return "", ErrUnknownKey
	}
	return doc.Value.ISPID, err
}

// Replace makes these the only keys, each with its provider. It returns ErrWeakKey,
// and changes nothing, when one is too short.
func (k *Keys) Replace(ctx context.Context, keys map[string]string) error {
	wanted := make(map[string]string, len(keys))
	for key, ispID := range keys {
		if len(key) < MinKeyLength {
			return fmt.Errorf("%w: that of %s", ErrWeakKey, ispID)
		}
		wanted[hash(key)] = ispID
	}
	for id, ispID := range wanted {
		_, err := k.docs.Upsert(ctx, id, func(stored *Key, _ bool) ([]*eventbus.Message, error) {
			stored.ISPID = ispID
			return nil, nil
		})
		if err != nil {
			return err
		}
	}
	for doc, err := range k.docs.All(ctx, "", "") {
		if err != nil {
			return err
		}
		if _, keep := wanted[doc.ID]; keep {
			continue
		}
		if err := k.docs.Delete(ctx, doc.ID, 0); err != nil && !errors.Is(err, docstore.ErrNotFound) {
			return err
		}
	}
	return nil
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
