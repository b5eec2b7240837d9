package management

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// Secret is a whole API key, shown once. It redacts itself when it is printed,
// logged or marshaled; Reveal gives it.
type Secret string

// Reveal returns the key.
func (s Secret) Reveal() string { return string(s) }

// String implements fmt.Stringer.
func (Secret) String() string { return "[redacted]" }

// GoString implements fmt.GoStringer.
func (Secret) GoString() string { return "[redacted]" }

// MarshalText implements encoding.TextMarshaler.
func (Secret) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// LogValue implements slog.LogValuer.
func (Secret) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// NewAPIKey asks for a key.
type NewAPIKey struct {
	Name           string
	AccountID      string // empty for an operator's
	Role           Role
	ExpiresAt      time.Time // required, at most a year ahead
	IdempotencyKey string    `json:"-"`
}

const keyPrefix = "dmk_"

// newSecret makes "dmk_<id>_<256 random bits>". The id finds the row; the hash
// of the whole is compared. A fast hash is enough for that many random bits.
func newSecret(id string) Secret {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails: it ends the program instead
	return Secret(keyPrefix + id + "_" + base64.RawURLEncoding.EncodeToString(random))
}

func hashKey(key Secret) []byte {
	sum := sha256.Sum256([]byte(key))
	return sum[:]
}

// Authenticate returns who holds the key. Unknown, wrong, expired and revoked
// keys are refused alike, with [ErrUnauthenticated]. The row is read after each
// call, by one query for all calls of the moment, so that a revocation counts at
// once.
func (s *Service) Authenticate(ctx context.Context, key Secret) (Principal, error) {
	bad := refuse(ErrUnauthenticated, "", "the API key is not valid")
	rest, ok := strings.CutPrefix(key.Reveal(), keyPrefix)
	id, _, cut := strings.Cut(rest, "_")
	if !ok || !cut {
		return Principal{}, bad
	}
	row, err := s.logins.Do(ctx, struct{}{}, id)
	if err != nil {
		return Principal{}, unavailable(err, "read the API key")
	}
	if row == nil {
		return Principal{}, bad
	}
	valid := subtle.ConstantTimeCompare(row.Hash, hashKey(key)) == 1
	if !valid || !row.RevokedAt.IsZero() || !s.now().Before(row.ExpiresAt) {
		return Principal{}, bad
	}
	return Principal{KeyID: row.ID, Role: row.Role, AccountID: row.AccountID}, nil
}

// loginsAtOnce is how many calls share the query for their keys.
const loginsAtOnce = 256

// readKeys returns the keys of the given ids, nil for those that there are not.
func (s *Service) readKeys(ctx context.Context, _ struct{}, ids []string) ([]*APIKey, error) {
	var found []APIKey
	err := s.state.View(ctx, func(ctx context.Context, tx Tx) (err error) {
		found, err = tx.Keys().GetAll(ctx, ids...)
		return err
	})
	keys := make([]*APIKey, len(ids))
	for i, id := range ids {
		if at := slices.IndexFunc(found, func(k APIKey) bool { return k.ID == id }); at >= 0 {
			keys[i] = &found[at]
		}
	}
	return keys, err
}

// CreateAPIKey makes a key and returns it the only time. Operators make any,
// admins those of their account. A repeat with the same idempotency key is
// refused with [ErrExists], because the key cannot be shown again.
func (s *Service) CreateAPIKey(ctx context.Context, req NewAPIKey) (APIKey, Secret, error) {
	need := rightAdmin
	if req.Role == RoleOperator || req.AccountID == "" {
		need = rightOperate
	}
	caller, err := authorize(ctx, need, req.AccountID, "account", "account_id")
	if err != nil {
		return APIKey{}, "", err
	}
	if err := req.validate(s.now()); err != nil {
		return APIKey{}, "", err
	}
	op, err := s.newOperation(caller, OpCreateAPIKey, req.IdempotencyKey, req)
	if err != nil {
		return APIKey{}, "", err
	}
	id := newID()
	secret := newSecret(id)
	row := APIKey{
		ID: id, Name: req.Name, AccountID: req.AccountID, Role: req.Role, Hash: hashKey(secret),
		CreatedAt: op.CreatedAt, ExpiresAt: req.ExpiresAt.UTC().Truncate(time.Microsecond),
	}
	err = s.state.Update(ctx, func(ctx context.Context, tx Tx) error {
		return s.insertKey(ctx, tx, op, row)
	})
	if err != nil {
		return APIKey{}, "", unavailable(err, "write the state")
	}
	return row, secret, nil
}

func (s *Service) insertKey(ctx context.Context, tx Tx, op Operation, row APIKey) error {
	if _, ok, err := repeated(ctx, tx, op); err != nil {
		return err
	} else if ok {
		return refuse(ErrExists, "idempotency_key", "made a key before, which cannot be shown again")
	}
	if row.AccountID != "" {
		if _, err := tx.Accounts().Get(ctx, row.AccountID); err != nil {
			return missing(err, "account", "account_id")
		}
	}
	op.AccountID, op.ResourceID = row.AccountID, row.ID
	if err := tx.Operations().Insert(ctx, op); err != nil {
		return err
	}
	if err := tx.Keys().Insert(ctx, row); err != nil {
		return err
	}
	return s.record(ctx, tx, AuditEntry{Action: "key.create", AccountID: row.AccountID, Resource: row.ID}, nil, row)
}

func (req NewAPIKey) validate(now time.Time) error {
	const longest = 366 * 24 * time.Hour
	var v violations
	v.check(nameRule.MatchString(req.Name), "name", nameHelp)
	v.check(req.Role == RoleOperator || req.Role == RoleAdmin || req.Role == RoleMember, "role",
		"must be operator, admin or member")
	v.check((req.Role == RoleOperator) == (req.AccountID == ""), "account_id",
		"must be given, except for an operator")
	v.check(req.ExpiresAt.After(now) && req.ExpiresAt.Before(now.Add(longest)), "expires_at",
		"must be in the future, at most a year ahead")
	return v.err()
}

// ListAPIKeys returns the keys of an account, without their secrets; with an
// empty account, for operators, everybody's.
func (s *Service) ListAPIKeys(ctx context.Context, accountID string, page Page) ([]APIKey, error) {
	need := rightAdmin
	if accountID == "" {
		need = rightOperate
	}
	if _, err := authorize(ctx, need, accountID, "account", "account_id"); err != nil {
		return nil, err
	}
	return read(ctx, s, "key", "", func(ctx context.Context, tx Tx) ([]APIKey, error) {
		return tx.Keys().List(ctx, Filter{AccountID: accountID, After: page.After, Limit: page.limit()})
	})
}

// RevokeAPIKey ends a key at once. Revoking it again changes nothing.
func (s *Service) RevokeAPIKey(ctx context.Context, id string) error {
	err := s.state.Update(ctx, func(ctx context.Context, tx Tx) error {
		before, err := tx.Keys().Get(ctx, id)
		if err != nil {
			return missing(err, "key", "key_id")
		}
		if _, err := authorize(ctx, rightAdmin, before.AccountID, "key", "key_id"); err != nil {
			return err
		}
		if !before.RevokedAt.IsZero() {
			return nil
		}
		after := before
		after.RevokedAt = s.now()
		if err := tx.Keys().Update(ctx, after); err != nil {
			return err
		}
		return s.record(ctx, tx, AuditEntry{Action: "key.revoke", AccountID: before.AccountID, Resource: id}, before, after)
	})
	return unavailable(err, "write the state")
}
