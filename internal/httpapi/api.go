package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
)

// ISPHeader carries the internet provider on whose behalf a request is made. The
// gateway sets it; services behind it trust it.
const ISPHeader = "X-ISP-ID"

// HandlerFunc is an http.HandlerFunc that returns its error instead of writing it.
type HandlerFunc func(w http.ResponseWriter, r *http.Request) error

// API routes requests to handlers and writes their errors. Register every handler
// before serving.
type API struct {
	mux *http.ServeMux
	log *slog.Logger
}

// New returns an API without routes.
func New(log *slog.Logger) *API {
	return &API{mux: http.NewServeMux(), log: log}
}

// Handle routes a ServeMux pattern, such as "GET /accounts/{id}", to a handler that
// is reached only by requests which name their internet provider.
func (a *API) Handle(pattern string, h HandlerFunc) {
	a.HandleAny(pattern, func(w http.ResponseWriter, r *http.Request) error {
		if ISP(r) == "" {
			return NewProblem(http.StatusUnauthorized, "header "+ISPHeader+" is missing")
		}
		return h(w, r)
	})
}

// HandleAny is Handle for calls that belong to no provider.
func (a *API) HandleAny(pattern string, h HandlerFunc) {
	a.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, MaxBody)
		if err := h(w, r); err != nil {
			a.fail(w, r, err)
		}
	})
}

// Document publishes the service's OpenAPI document at /openapi.yaml.
func (a *API) Document(yaml []byte) {
	a.mux.HandleFunc("GET /openapi.yaml", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/yaml")
		_, _ = w.Write(yaml)
	})
}

// ServeHTTP implements http.Handler. Unknown paths and methods are problems too.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h, pattern := a.mux.Handler(r)
	if pattern != "" {
		a.mux.ServeHTTP(w, r)
		return
	}
	probe := &statusProbe{header: http.Header{}}
	h.ServeHTTP(probe, r)
	if allow := probe.header.Get("Allow"); allow != "" {
		w.Header().Set("Allow", allow)
	}
	if location := probe.header.Get("Location"); location != "" {
		w.Header().Set("Location", location)
		w.WriteHeader(probe.status)
		return
	}
	WriteProblem(w, NewProblem(probe.status, fmt.Sprintf("no route for %s %s", r.Method, r.URL.Path)))
}

func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := ProblemOf(err)
	if p.Status >= http.StatusInternalServerError && !errors.Is(err, context.Canceled) {
		a.log.ErrorContext(r.Context(), "request failed", "method", r.Method, "route", r.Pattern, "error", err)
	}
	WriteProblem(w, p)
}

// statusProbe learns what the mux would have answered.
type statusProbe struct {
	header http.Header
	status int
}

func (p *statusProbe) Header() http.Header         { return p.header }
func (p *statusProbe) Write(b []byte) (int, error) { return len(b), nil }
func (p *statusProbe) WriteHeader(status int)      { p.status = status }

// ISP returns the internet provider on whose behalf the request is made.
func ISP(r *http.Request) string { return r.Header.Get(ISPHeader) }

// JSON answers with a status and a JSON body.
func JSON(w http.ResponseWriter, status int, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("httpapi: encode answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n')) // a caller that went away is not our error
	return nil
}

// Created answers 201 with the new resource and its location.
func Created(w http.ResponseWriter, location string, body any) error {
	w.Header().Set("Location", location)
	return JSON(w, http.StatusCreated, body)
}

// NoContent answers 204.
func NoContent(w http.ResponseWriter) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}
