package fabric

import (
	"errors"
	"strings"

	"github.com/hexplane/hexplane/internal/demeterevent"
)

// again tells whether an error says that the decision's basis has changed.
func again(err error) bool {
	return errors.Is(err, ErrConflict) || errors.Is(err, ErrExists)
}

// refusal turns what the cluster refuses into a status, and leaves every other
// error for a later attempt.
func refusal(st status, err error) (status, error) {
	switch {
	case err == nil:
		return st, nil
	case errors.Is(err, ErrNoKind):
		return reasoned(demeterevent.PhaseDegraded, demeterevent.CodeKindAbsent, text(err)), nil
	case errors.Is(err, errBlocked):
		return reasoned(demeterevent.PhaseDegraded, demeterevent.CodeTerminating, text(err)), nil
	case errors.Is(err, ErrTerminating):
		return reasoned(demeterevent.PhaseTerminating, demeterevent.CodeTerminating, text(err)), nil
	case errors.Is(err, ErrInvalid), errors.Is(err, ErrForbidden), errors.Is(err, ErrNotFound):
		return refused(err), nil
	default:
		return status{}, err
	}
}

// refused is the status of what the cluster does not take.
func refused(err error) status {
	return reasoned(demeterevent.PhaseDegraded, demeterevent.CodeRefused, text(err))
}

// text is an error's text as a payload can carry it.
func text(err error) string { return strings.ToValidUTF8(err.Error(), "") }
