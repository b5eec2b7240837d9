package hsadmin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

// maxAnswer is how much of an answer is read, in bytes. Answers of this
// interface are small; anything longer is not one.
const maxAnswer = 1 << 20

var errAnswerTooLarge = errors.New("answer is too large")

// transport is the innermost requester: it speaks HTTP.
type transport struct {
	base   url.URL
	client http.RoundTripper
}

// Do sends the request and reads the whole answer. An answer of 300 or above is
// an *answerError; no redirect is followed.
func (t *transport) Do(ctx context.Context, req *Request) (*Response, error) {
	out, err := t.request(ctx, req)
	if err != nil {
		return nil, err
	}
	in, err := t.client.RoundTrip(out)
	if err != nil {
		return nil, because(ctx, err)
	}
	defer func() { _ = in.Body.Close() }()
	body, err := readAll(in)
	if err != nil && in.StatusCode < http.StatusMultipleChoices {
		return nil, because(ctx, err)
	}
	requestID := first(in.Header["X-Request-Id"])
	if in.StatusCode >= http.StatusMultipleChoices {
		return nil, &answerError{answer{in.StatusCode, body, requestID, in.Header.Get("Retry-After")}}
	}
	return &Response{Status: in.StatusCode, Body: body, RequestID: requestID}, nil
}

// target is the URL of a path. Most paths need no escaping, and to say so spares
// net/url from finding out several times.
func (t *transport) target(path string) (*url.URL, error) {
	target := t.base
	if !strings.Contains(path, "%") && target.RawPath == "" {
		target.Path = strings.TrimSuffix(target.Path, "/") + path
		return &target, nil
	}
	unescaped, err := url.PathUnescape(path)
	if err != nil {
		return nil, fmt.Errorf("path: %w", err)
	}
	target.RawPath = strings.TrimSuffix(target.EscapedPath(), "/") + path
	target.Path = strings.TrimSuffix(target.Path, "/") + unescaped
	return &target, nil
}

func (t *transport) request(ctx context.Context, req *Request) (*http.Request, error) {
	target, err := t.target(req.Path)
	if err != nil {
		return nil, err
	}
	header := make(http.Header, 4+len(req.trail.header))
	maps.Copy(header, req.trail.header)
	out := &http.Request{
		Method: req.Method, URL: target, Host: target.Host, Header: header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	header["Accept"] = acceptJSON
	if req.IdempotencyKey != "" {
		header["Idempotency-Key"] = []string{req.IdempotencyKey}
	}
	if req.Body != "" {
		header["Content-Type"] = acceptJSON
		out.ContentLength = int64(len(req.Body))
		out.Body = io.NopCloser(strings.NewReader(req.Body))
		if req.Method != http.MethodPost {
			// Lets net/http take another connection when the first turns out to be
			// closed before anything was written. For a POST with a key it would
			// also repeat what was written, behind the retry budget's back.
			out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(req.Body)), nil }
		}
	}
	return out.WithContext(ctx), nil
}

// first is the first of a header's values, whose name is canonical here so that
// no call has to make it so.
func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

var acceptJSON = []string{"application/json"}

func readAll(in *http.Response) ([]byte, error) {
	if in.StatusCode == http.StatusNoContent || in.ContentLength == 0 {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(in.Body, maxAnswer+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxAnswer {
		return nil, errAnswerTooLarge
	}
	return body, nil
}

// because prefers the context's reason to the one of the connection that it tore.
func because(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return endOf(ctx)
	}
	return err
}
