package management

import "context"

// Principal is who calls: the key, its role and its account.
type Principal struct {
	KeyID     string
	Role      Role
	AccountID string
}

type principalKey struct{}

// WithPrincipal returns a context in which the principal calls. Use cases refuse
// a context without one with [ErrUnauthenticated].
func WithPrincipal(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// right is what a use case needs.
type right int

const (
	rightRead    right = iota // see the account
	rightPorts                // change its ports
	rightAdmin                // change its projects and keys
	rightOperate              // beyond one account
)

func (r Role) has(need right) bool {
	switch r {
	case RoleOperator:
		return true
	case RoleAdmin:
		return need <= rightAdmin
	case RoleMember:
		return need <= rightPorts
	default:
		return false
	}
}

// authorize returns the caller when it may do that to the account. Another
// account is not found rather than denied, so that ids cannot be probed.
func authorize(ctx context.Context, need right, accountID, what, field string) (Principal, error) {
	p, ok := ctx.Value(principalKey{}).(Principal)
	switch {
	case !ok:
		return p, refuse(ErrUnauthenticated, "", "an API key is required")
	case need < rightOperate && p.Role != RoleOperator && p.AccountID != accountID:
		return p, notFound(what, field)
	case !p.Role.has(need):
		return p, refuse(ErrDenied, "", "the role %q of this key does not allow this", p.Role)
	default:
		return p, nil
	}
}

func notFound(what, field string) *Error { return refuse(ErrNotFound, field, "no such %s", what) }
