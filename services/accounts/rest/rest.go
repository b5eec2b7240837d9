// Package rest is the REST driver of accounts; openapi.yaml describes it.
package rest

import (
	_ "embed"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/google/uuid"

	"github.com/hexplane/hexplane/internal/httpapi"
	"github.com/hexplane/hexplane/internal/input"
	"github.com/hexplane/hexplane/services/accounts/usecase"
)

// OpenAPI is the interface's description, an OpenAPI 3.0 document.
//
//go:embed openapi.yaml
var OpenAPI []byte

type handlers struct{ app *usecase.App }

// New returns the REST interface.
func New(log *slog.Logger, app *usecase.App) http.Handler {
	h := handlers{app}
	api := httpapi.New(log)
	api.Document(OpenAPI)

	api.Handle("POST /accounts", h.createAccount)
	api.Handle("GET /accounts", h.listAccounts)
	api.Handle("GET /accounts/{account_id}", h.getAccount)
	api.Handle("PATCH /accounts/{account_id}", h.patchAccount)
	api.Handle("DELETE /accounts/{account_id}", h.deleteAccount)

	api.Handle("POST /accounts/{account_id}/users", h.createUser)
	api.Handle("GET /accounts/{account_id}/users", h.listUsers)
	api.Handle("GET /accounts/{account_id}/users/{user_id}", h.getUser)
	api.Handle("PATCH /accounts/{account_id}/users/{user_id}", h.patchUser)
	api.Handle("DELETE /accounts/{account_id}/users/{user_id}", h.deleteUser)

	api.Handle("POST /accounts/{account_id}/devices", h.createDevice)
	api.Handle("GET /accounts/{account_id}/devices", h.listDevices)
	api.Handle("GET /accounts/{account_id}/devices/{device_id}", h.getDevice)
	api.Handle("PATCH /accounts/{account_id}/devices/{device_id}", h.patchDevice)
	api.Handle("DELETE /accounts/{account_id}/devices/{device_id}", h.deleteDevice)
	return api
}

// repeated tells whether the request may be a repetition: the gateway answers one
// itself if it can, but not when it died before it could keep the first answer.
func repeated(r *http.Request) bool { return r.Header.Get(repeatKey) != "" }

const repeatKey = "Idempotency-Key"

// generate fills in an id that the caller left to the service. That of a request with
// an idempotency key follows from the key, so that a repetition gets the same id.
func generate(r *http.Request, id *string) error {
	if *id != "" {
		return nil
	}
	if repeated(r) {
		name := httpapi.ISP(r) + "\x00" + r.URL.Path + "\x00" + r.Header.Get(repeatKey)
		*id = uuid.NewSHA1(uuid.NameSpaceURL, []byte(name)).String()
		return nil
	}
	fresh, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("new id: %w", err)
	}
	*id = fresh.String()
	return nil
}

// given fills in a field that the path or the gateway already says, and refuses
// another value.
func given(field string, value *string, want string) error {
	if *value != "" && *value != want {
		return input.Invalid(field, "is not that of the request's path or key")
	}
	*value = want
	return nil
}
