// Package rest is rsclient's REST driver; openapi.yaml describes it.
package rest

import (
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/hexplane/hexplane/internal/httpapi"
	"github.com/hexplane/hexplane/internal/input"
	"github.com/hexplane/hexplane/internal/jobprogress"
	"github.com/hexplane/hexplane/services/rsclient/usecase"
)

// OpenAPI is the interface's description, an OpenAPI 3.0 document.
//
//go:embed openapi.yaml
var OpenAPI []byte

// App is the use cases that calls lead to.
type App struct {
	Settings *usecase.Settings
	Packages *usecase.Packages
	Viewer   *usecase.Viewer
	Progress jobprogress.Source
}

type handlers struct{ app App }

// New returns the REST interface.
func New(log *slog.Logger, app App) http.Handler {
	h := handlers{app}
	api := httpapi.New(log)
	api.Document(OpenAPI)
	api.Handle("GET /router-protection", h.getProtection)
	api.Handle("PUT /router-protection", h.putProtection)
	api.Handle("GET /router-protection/allowed-list", h.getAllowedList)
	api.Handle("PUT /router-protection/allowed-list", h.putAllowedList)
	api.Handle("GET /router-protection/dns-allowed-list", h.getDNSAllowedList)
	api.Handle("PUT /router-protection/dns-allowed-list", h.putDNSAllowedList)
	api.Handle("GET /lan-protection", h.getLANProtection)
	api.Handle("PUT /lan-protection", h.putLANProtection)
	api.Handle("GET /advanced-configuration", h.getAdvanced)
	api.Handle("PUT /advanced-configuration", h.putAdvanced)
	api.Handle("PUT /subsystems/rs/router_agent_packages/{id}", h.associate)
	api.Handle("DELETE /router_agent_packages/references/{id}", h.forget)
	api.Handle("GET /accounts/{id}/devices/{device_id}/routersecure", h.view)
	api.HandleAny(jobprogress.Route, jobprogress.Handler(app.Progress, "rsclient"))
	return api
}

// Association is the body that names the routers which run a package.
type Association struct {
	DeviceIDs []string `json:"device_ids" validate:"required,max=10000,unique,dive,required,max=128"`
}

func (h handlers) associate(w http.ResponseWriter, r *http.Request) error {
	body, err := httpapi.Decode[Association](r)
	if err != nil {
		return err
	}
	err = h.app.Packages.Associate(r.Context(), httpapi.ISP(r), r.PathValue("id"), body.DeviceIDs)
	var device *usecase.DeviceError
	switch {
	case errors.As(err, &device):
		return input.Invalid(fmt.Sprintf("device_ids[%d]", device.Index), device.Reason)
	case errors.Is(err, usecase.ErrUnknownPackage):
		return httpapi.NewProblem(http.StatusNotFound, "there is no such agent package")
	case err != nil:
		return err
	}
	return httpapi.NoContent(w)
}

func (h handlers) forget(w http.ResponseWriter, r *http.Request) error {
	err := h.app.Packages.Forget(r.Context(), httpapi.ISP(r), r.PathValue("id"))
	if errors.Is(err, usecase.ErrInUse) {
		return httpapi.NewProblem(http.StatusConflict, "a router or a default refers to this agent package")
	}
	if err != nil {
		return err
	}
	return httpapi.NoContent(w)
}

func (h handlers) view(w http.ResponseWriter, r *http.Request) error {
	view, err := h.app.Viewer.Device(r.Context(), httpapi.ISP(r), r.PathValue("id"), r.PathValue("device_id"))
	if errors.Is(err, usecase.ErrNotFound) {
		return httpapi.NewProblem(http.StatusNotFound, "there is no such device")
	}
	if err != nil {
		return err
	}
	return httpapi.JSON(w, http.StatusOK, view)
}
