// Package rest is rssync's REST driver; openapi.yaml describes it.
package rest

import (
	_ "embed"
	"errors"
	"log/slog"
	"net/http"

	"github.com/hexplane/hexplane/internal/httpapi"
	"github.com/hexplane/hexplane/internal/input"
	"github.com/hexplane/hexplane/services/rssync/domain"
	"github.com/hexplane/hexplane/services/rssync/usecase"
)

// OpenAPI is the interface's description, an OpenAPI 3.0 document.
//
//go:embed openapi.yaml
var OpenAPI []byte

type handlers struct{ jobs *usecase.Jobs }

// New returns the REST interface.
func New(log *slog.Logger, jobs *usecase.Jobs) http.Handler {
	h := handlers{jobs}
	api := httpapi.New(log)
	api.Document(OpenAPI)
	api.Handle("POST /subsystems/rs/full-sync", h.start)
	api.Handle("GET /subsystems/rs/jobs", h.list)
	api.Handle("GET /subsystems/rs/jobs/{job_id}", h.get)
	api.Handle("POST /subsystems/rs/jobs/{job_id}", h.cancel)
	return api
}

func (h handlers) start(w http.ResponseWriter, r *http.Request) error {
	id, err := h.jobs.Start(r.Context(), httpapi.ISP(r), httpapi.RepeatKey(r))
	if errors.Is(err, usecase.ErrRunning) {
		return httpapi.NewProblem(http.StatusConflict, "a full sync of this provider is running")
	}
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/subsystems/rs/jobs/"+id)
	return httpapi.NoContent(w)
}

func (h handlers) list(w http.ResponseWriter, r *http.Request) error {
	page, err := httpapi.PageOf(r)
	if err != nil {
		return err
	}
	jobs, err := h.jobs.List(r.Context(), httpapi.ISP(r), page.After, page.Limit+1)
	if err != nil {
		return err
	}
	id := func(j domain.Job) string { return j.JobID }
	return httpapi.JSON(w, http.StatusOK, httpapi.NewList(jobs, page, id))
}

func (h handlers) get(w http.ResponseWriter, r *http.Request) error {
	view, err := h.jobs.Get(r.Context(), httpapi.ISP(r), r.PathValue("job_id"))
	if err != nil {
		return problem(err)
	}
	return httpapi.JSON(w, http.StatusOK, view)
}

// action is the body of a POST on a job.
type action struct {
	Action string `json:"action" validate:"required,oneof=cancel"`
}

func (h handlers) cancel(w http.ResponseWriter, r *http.Request) error {
	body, err := httpapi.Body(r)
	if err != nil {
		return err
	}
	if len(body) > 0 {
		if _, err := input.Decode[action](body); err != nil {
			return err
		}
	}
	if err := h.jobs.Cancel(r.Context(), httpapi.ISP(r), r.PathValue("job_id")); err != nil {
		return problem(err)
	}
	return httpapi.NoContent(w)
}

func problem(err error) error {
	switch {
	case errors.Is(err, usecase.ErrNotFound):
		return httpapi.NewProblem(http.StatusNotFound, "there is no such job")
	case errors.Is(err, usecase.ErrEnded):
		return httpapi.NewProblem(http.StatusConflict, "the job has ended")
	}
	return err
}
