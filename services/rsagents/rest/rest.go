// Package rest is rsagents' REST driver; openapi.yaml describes it.
package rest

import (
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/hexplane/hexplane/internal/httpapi"
	"github.com/hexplane/hexplane/internal/jobprogress"
	"github.com/hexplane/hexplane/services/rsagents/domain"
	"github.com/hexplane/hexplane/services/rsagents/usecase"
)

// OpenAPI is the interface's description, an OpenAPI 3.0 document.
//
//go:embed openapi.yaml
var OpenAPI []byte

type handlers struct{ packages *usecase.Packages }

// New returns the REST interface; progress knows how far jobs are.
func New(log *slog.Logger, packages *usecase.Packages, progress jobprogress.Source) http.Handler {
	h := handlers{packages}
	api := httpapi.New(log)
	api.Document(OpenAPI)
	api.Handle("POST /router_agent_packages", h.post)
	api.Handle("GET /router_agent_packages", h.list)
	api.Handle("GET /router_agent_packages/{id}", h.get)
	api.Handle("PATCH /router_agent_packages/{id}", h.patch)
	api.Handle("DELETE /router_agent_packages/{id}", h.remove)
	api.HandleAny(jobprogress.Route, jobprogress.Handler(progress, "rsagents"))
	return api
}

func (h handlers) post(w http.ResponseWriter, r *http.Request) error {
	pkg, err := httpapi.Decode(r, func(pkg *usecase.Package) (err error) {
		if pkg.AgentPackageID == "" {
			pkg.AgentPackageID, err = httpapi.NewID(r)
		}
		return errors.Join(err, h.packages.Complete(httpapi.ISP(r), pkg))
	})
	if err != nil {
		return err
	}
	if pkg, err = h.packages.Create(r.Context(), pkg, httpapi.RepeatKey(r) != ""); err != nil {
		return problem(err)
	}
	return httpapi.Created(w, "/router_agent_packages/"+url.PathEscape(pkg.AgentPackageID), pkg)
}

func (h handlers) list(w http.ResponseWriter, r *http.Request) error {
	page, err := httpapi.PageOf(r)
	if err != nil {
		return err
	}
	packages, err := h.packages.List(r.Context(), httpapi.ISP(r), page.After, page.Limit+1)
	if err != nil {
		return err
	}
	id := func(p usecase.Package) string { return p.AgentPackageID }
	return httpapi.JSON(w, http.StatusOK, httpapi.NewList(packages, page, id))
}

func (h handlers) get(w http.ResponseWriter, r *http.Request) error {
	pkg, err := h.packages.Get(r.Context(), httpapi.ISP(r), r.PathValue("id"))
	if err != nil {
		return problem(err)
	}
	return httpapi.JSON(w, http.StatusOK, pkg)
}

func (h handlers) patch(w http.ResponseWriter, r *http.Request) error {
	body, err := httpapi.Body(r)
	if err != nil {
		return err
	}
	pkg, err := h.packages.Update(r.Context(), httpapi.ISP(r), r.PathValue("id"), body)
	if err != nil {
		return problem(err)
	}
	return httpapi.JSON(w, http.StatusOK, pkg)
}

func (h handlers) remove(w http.ResponseWriter, r *http.Request) error {
	if err := h.packages.Delete(r.Context(), httpapi.ISP(r), r.PathValue("id")); err != nil {
		return problem(err)
	}
	return httpapi.NoContent(w)
}

// problem says a use case's error to the caller.
func problem(err error) error {
	switch {
	case errors.Is(err, domain.ErrNotFound):
		return httpapi.NewProblem(http.StatusNotFound, "there is no such agent package")
	case errors.Is(err, domain.ErrExists):
		return httpapi.NewProblem(http.StatusConflict, "the id is already taken")
	case errors.Is(err, domain.ErrDefault):
		return httpapi.NewProblem(http.StatusConflict, "the agent package is the default for its target")
	case errors.Is(err, usecase.ErrInUse):
		return httpapi.NewProblem(http.StatusConflict, "a router refers to the agent package")
	case errors.Is(err, usecase.ErrUnanswered):
		// With its cause, for the log.
		return fmt.Errorf("%w: %w", httpapi.NewProblem(http.StatusServiceUnavailable,
			"rsclient, which knows the routers, does not answer: the agent package was not deleted, try again later"), err)
	}
	return err
}
