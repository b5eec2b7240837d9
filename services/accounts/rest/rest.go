// Package rest is the REST driver of accounts; openapi.yaml describes it.
package rest

import (
	_ "embed"
	"log/slog"
	"net/http"

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

// repeated tells whether the request may be a repetition.
func repeated(r *http.Request) bool { return httpapi.RepeatKey(r) != "" }

// generate fills in an id that the caller left to the service.
func generate(r *http.Request, id *string) (err error) {
	if *id == "" {
		*id, err = httpapi.NewID(r)
	}
	return err
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
