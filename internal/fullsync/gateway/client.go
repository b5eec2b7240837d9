// Package gateway calls the public REST interface as an internet provider would: with
// its API key, and patiently where the interface asks for patience.
package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// Client calls the interface on behalf of one ISP. It is safe for concurrent use.
type Client struct {
	BaseURL string // without a slash at the end
	Key     string // the ISP's API key
	HTTP    *http.Client
	// Patience is how long a call is repeated while the interface is busy or away;
	// default 30 seconds.
	Patience time.Duration
}

// Error is a refusal: a problem document of the interface.
type Error struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Fields []struct {
		Field   string `json:"field"`
		Message string `json:"message"`
	} `json:"errors"`

	call  string
	again bool // the answer said when to come again
}

// Error says which call was refused, and why.
func (e *Error) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %d %s", e.call, e.Status, e.Title)
	if e.Detail != "" {
		text.WriteString(": " + e.Detail)
	}
	for _, field := range e.Fields {
		text.WriteString("; " + field.Field + " " + field.Message)
	}
	return text.String()
}

// StatusOf is the status with which a call was refused, or 0.
func StatusOf(err error) int {
	if refused, ok := errors.AsType[*Error](err); ok {
		return refused.Status
	}
	return 0
}

// Do makes one call: body, unless nil, goes as JSON, and the answer is decoded into
// into, unless nil. It returns the answer's header. Answers that ask to come again and
// lost connections are repeated; a POST without a body, which names no id by which a
// repetition could be told, carries an idempotency key. Refusals come as *Error.
func (c *Client) Do(ctx context.Context, method, path string, body, into any) (http.Header, error) {
	var payload []byte
	if body != nil {
		var err error
		if payload, err = json.Marshal(body); err != nil {
			return nil, fmt.Errorf("%s %s: %w", method, path, err)
		}
	}
	key := ""
	if method == http.MethodPost && body == nil {
		key = fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64())
	}
	patience := c.Patience
	if patience == 0 {
		patience = 30 * time.Second
	}
	deadline := time.Now().Add(patience)
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		header, err := c.once(ctx, method, path, key, payload, into)
		if err == nil || !worthRepeating(err) || time.Now().After(deadline) {
			return header, err
		}
		if err := pause(ctx, wait/2+rand.N(wait)); err != nil {
			return nil, err
		}
	}
}

func (c *Client) once(ctx context.Context, method, path, key string, payload []byte, into any) (http.Header, error) {
	call := method + " " + path
	req, err := http.NewRequestWithContext(ctx, method, c.BaseURL+path, bytes.NewReader(payload))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", call, err)
	}
	req.Header.Set("Authorization", "Bearer "+c.Key)
	if payload != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	answer, err := c.HTTP.Do(req)
	if err != nil {
		return nil, &lostError{call: call, err: err}
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, &lostError{call: call, err: err}
	}
	if answer.StatusCode >= http.StatusMultipleChoices {
		return nil, refusal(call, answer, text)
	}
	if into != nil {
		if err := json.Unmarshal(text, into); err != nil {
			return nil, fmt.Errorf("%s: answer: %w", call, err)
		}
	}
	return answer.Header, nil
}

// lostError is a call without an answer.
type lostError struct {
	call string
	err  error
}

func (e *lostError) Error() string { return e.call + ": " + e.err.Error() }
func (e *lostError) Unwrap() error { return e.err }

func refusal(call string, answer *http.Response, text []byte) *Error {
	refused := &Error{}
	if json.Unmarshal(text, refused) != nil || refused.Title == "" {
		refused.Title = http.StatusText(answer.StatusCode)
	}
	refused.Status, refused.call = answer.StatusCode, call
	refused.again = answer.Header.Get("Retry-After") != ""
	return refused
}

// worthRepeating tells trouble that passes from a refusal that stays.
func worthRepeating(err error) bool {
	if _, lost := errors.AsType[*lostError](err); lost {
		return !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
	}
	refused, ok := errors.AsType[*Error](err)
	return ok && (refused.again || refused.Status >= http.StatusBadGateway)
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
