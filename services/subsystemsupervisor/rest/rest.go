// Package rest is the REST driver of subsystemsupervisor; openapi.yaml describes it.
package rest

import (
	_ "embed"
	"log/slog"
	"net/http"

	"github.com/hexplane/hexplane/internal/httpapi"
	"github.com/hexplane/hexplane/services/subsystemsupervisor/usecase"
)

// OpenAPI is the interface's description, an OpenAPI 3.0 document.
//
//go:embed openapi.yaml
var OpenAPI []byte

// New returns the REST interface.
func New(log *slog.Logger, supervisor *usecase.Supervisor) http.Handler {
	api := httpapi.New(log)
	api.Document(OpenAPI)
	api.Handle("GET /accounts/{account_id}/products", func(w http.ResponseWriter, r *http.Request) error {
		installed, err := supervisor.Get(r.Context(), httpapi.ISP(r), r.PathValue("account_id"))
		if err != nil {
			return err
		}
		return httpapi.JSON(w, http.StatusOK, installed)
	})
	return api
}
