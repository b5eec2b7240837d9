// Package rest is customconfig's REST driver; openapi.yaml describes it.
package rest

import (
	_ "embed"
	"log/slog"
	"net/http"

	"github.com/hexplane/hexplane/internal/httpapi"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/customconfig/usecase"
)

// OpenAPI is the interface's description, an OpenAPI 3.0 document.
//
//go:embed openapi.yaml
var OpenAPI []byte

type handlers struct{ configurations *usecase.Configurations }

// New returns the REST interface.
func New(log *slog.Logger, configurations *usecase.Configurations) http.Handler {
	h := handlers{configurations}
	api := httpapi.New(log)
	api.Document(OpenAPI)
	api.Handle("GET /configuration", h.get)
	api.Handle("PUT /configuration", h.put)
	return api
}

func (h handlers) get(w http.ResponseWriter, r *http.Request) error {
	cfg, err := h.configurations.Get(r.Context(), httpapi.ISP(r))
	if err != nil {
		return err
	}
	return httpapi.JSON(w, http.StatusOK, cfg)
}

func (h handlers) put(w http.ResponseWriter, r *http.Request) error {
	cfg, err := httpapi.Decode[rsevent.ISPConfiguration](r)
	if err != nil {
		return err
	}
	if err := h.configurations.Put(r.Context(), httpapi.ISP(r), cfg); err != nil {
		return err
	}
	return httpapi.JSON(w, http.StatusOK, cfg)
}
