package httpapi

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/hexplane/hexplane/internal/input"
)

// MaxBody is the size in bytes of the largest body that is read.
const MaxBody = 1 << 20

// Decode reads the body as one JSON value of type T, lets each fill complete it (ids
// from the path, defaults), and checks T's validate tags; see input.Decode.
func Decode[T any](r *http.Request, fill ...func(*T) error) (T, error) {
	data, err := Body(r)
	if err != nil {
		var zero T
		return zero, err
	}
	return input.Decode(data, fill...)
}

// Body reads the whole body, or returns the problem that answers one that is too
// large or cut off.
func Body(r *http.Request) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r.Body, MaxBody+1))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) || len(data) > MaxBody {
		return nil, NewProblem(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body exceeds %d bytes", MaxBody))
	}
	if err != nil {
		return nil, NewProblem(http.StatusBadRequest, "the body could not be read")
	}
	return data, nil
}
