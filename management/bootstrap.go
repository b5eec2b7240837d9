package management

import (
	"context"
	"errors"
	"strings"
	"time"
)

// bootstrapKeyID is the id of the operator key that comes from configuration.
const bootstrapKeyID = "bootstrap"

// minRandom is the length of 256 random bits in base64.
const minRandom = 43

// NewBootstrapKey makes an operator key for [Service.Bootstrap].
func NewBootstrapKey() Secret { return newSecret(bootstrapKeyID) }

// Bootstrap makes the given key the operator key that exists before any other;
// it must come from [NewBootstrapKey], else it is [ErrInvalid]. An earlier one
// stops working.
func (s *Service) Bootstrap(ctx context.Context, key Secret) error {
	random, ok := strings.CutPrefix(key.Reveal(), keyPrefix+bootstrapKeyID+"_")
	if !ok || len(random) < minRandom {
		return refuse(ErrInvalid, "", "the operator key does not come from NewBootstrapKey")
	}
	const decade = 10 * 365 * 24 * time.Hour
	row := APIKey{
		ID: bootstrapKeyID, Name: "bootstrap", Role: RoleOperator, Hash: hashKey(key),
		CreatedAt: s.now(), ExpiresAt: s.now().Add(decade),
	}
	err := s.state.Update(ctx, func(ctx context.Context, tx Tx) error {
		_, err := put(ctx, tx.Keys(), row.ID, row)
		if errors.Is(err, ErrExists) {
			return nil // another process did the same
		}
		return err
	})
	return unavailable(err, "store the bootstrap key")
}
