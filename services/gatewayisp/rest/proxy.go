package rest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"

	"go.opentelemetry.io/otel/propagation"

	"github.com/hexplane/hexplane/internal/httpapi"
	"github.com/hexplane/hexplane/services/gatewayisp/usecase"
)

// maxKey is the length in bytes of the longest Idempotency-Key.
const maxKey = 256

// propagator makes the services' spans children of the gateway's.
var propagator = propagation.TraceContext{}

// proxy returns what hands requests on to one service.
func (g *gateway) proxy(name upstream, target *url.URL) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Transport: g.cfg.Transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.SetXForwarded()
			r.Out.Header.Del("Authorization") // the key is for the gateway alone
			r.Out.Header.Del("Cookie")
			r.Out.Header.Del(httpapi.ISPHeader)
			propagator.Inject(r.In.Context(), propagation.HeaderCarrier(r.Out.Header))
			if isp, ok := r.In.Context().Value(ispKey{}).(string); ok {
				r.Out.Header.Set(httpapi.ISPHeader, isp)
			}
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			p := upstreamProblem(name, err)
			if p.Status >= http.StatusInternalServerError && r.Context().Err() == nil {
				g.cfg.Log.WarnContext(r.Context(), "service does not answer", "upstream", name, "error", err)
			}
			httpapi.WriteProblem(w, p)
		},
	}
}

// upstreamProblem says why a service gave no answer.
func upstreamProblem(name upstream, err error) *httpapi.Problem {
	var tooLarge *http.MaxBytesError
	var network net.Error
	switch {
	case errors.As(err, &tooLarge):
		return httpapi.NewProblem(http.StatusRequestEntityTooLarge, "the body is too large")
	case errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network) && network.Timeout():
		return httpapi.NewProblem(http.StatusGatewayTimeout, "service "+string(name)+" did not answer in time")
	}
	return httpapi.NewProblem(http.StatusBadGateway, "service "+string(name)+" cannot be reached")
}

// repeatable hands on a request that may come again with the same key.
func (g *gateway) repeatable(w http.ResponseWriter, r *http.Request, to upstream, isp, key string) error {
	if len(key) > maxKey {
		return httpapi.NewProblem(http.StatusBadRequest, "the Idempotency-Key is too long")
	}
	body, err := httpapi.Body(r)
	if err != nil {
		return err
	}
	request := r.Method + " " + r.URL.RequestURI() + "\n" + string(body)
	answer, repeated, err := g.cfg.Repeats.Do(r.Context(), isp, key, request, func() usecase.Answer {
		r.Body = io.NopCloser(bytes.NewReader(body))
		rec := &recorder{header: http.Header{}}
		g.proxies[to].ServeHTTP(rec, r)
		return usecase.Answer{Status: rec.status, Header: kept(rec.header), Body: rec.body.Bytes()}
	})
	switch {
	case errors.Is(err, usecase.ErrReused):
		return httpapi.NewProblem(http.StatusUnprocessableEntity, "the Idempotency-Key was used for another request")
	case errors.Is(err, usecase.ErrRunning):
		w.Header().Set("Retry-After", "1")
		return httpapi.NewProblem(http.StatusConflict, "the first request with this Idempotency-Key is not answered yet")
	case err != nil:
		return err
	}
	maps.Copy(w.Header(), answer.Header)
	if repeated {
		w.Header().Set("Idempotency-Replayed", "true")
	}
	w.WriteHeader(answer.Status)
	_, _ = w.Write(answer.Body)
	return nil
}

// recorder keeps an answer in memory.
type recorder struct {
	status int
	header http.Header
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter. Interim answers are not for keeping.
func (r *recorder) WriteHeader(status int) {
	if r.status < http.StatusOK {
		r.status = status
	}
}

// Write implements http.ResponseWriter.
func (r *recorder) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}

// kept returns the headers that belong to an answer, not to its transport.
func kept(h http.Header) http.Header {
	out := http.Header{}
	for _, name := range []string{"Content-Type", "Location", "Retry-After"} {
		if values := h.Values(name); len(values) > 0 {
			out[name] = values
		}
	}
	return out
}
