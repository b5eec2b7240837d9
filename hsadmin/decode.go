package hsadmin

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strconv"
	"time"
)

// answer is what the transport returns: any status, and the header that error
// decoding needs.
type answer struct {
	status     int
	body       []byte
	requestID  string
	retryAfter string
}

// answerError carries an answer of 300 or above from the transport to decodeErrors.
type answerError struct{ answer }

func (answerError) Error() string { return "hsadmin: refused" }

// decodeErrors turns whatever did not succeed into an *Error.
func decodeErrors(next Requester) Requester {
	return RequesterFunc(func(ctx context.Context, req *Request) (*Response, error) {
		resp, err := next.Do(ctx, req)
		if err == nil {
			return resp, nil
		}
		if refused, ok := errors.AsType[*answerError](err); ok {
			return nil, refusal(req, refused.answer)
		}
		return nil, &Error{Operation: req.operation(), Err: err, kind: kindOfCause(err)}
	})
}

func refusal(req *Request, a answer) *Error {
	failure := &Error{
		Operation: req.operation(), Status: a.status, RequestID: a.requestID,
		RetryAfter: parseRetryAfter(a.retryAfter, time.Now()), kind: kindOf(a.status),
	}
	var said struct {
		Code    string       `json:"code"`
		Message string       `json:"message"`
		Fields  []FieldError `json:"fields"`
	}
	// An answer of another form, such as a proxy's page, has a status at least.
	if json.Unmarshal(a.body, &said) == nil {
		failure.Code, failure.Message, failure.Fields = said.Code, said.Message, said.Fields
	}
	return failure
}

// parseRetryAfter reads seconds or an HTTP date (RFC 9110, 10.2.3). It is 0 for
// anything else and for the past.
func parseRetryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// kindOfCause is the sentinel of a call without an answer. A peer that refuses
// the other's certificate will refuse it again; a caller that went away is not
// the backend's failure.
func kindOfCause(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return ErrUnauthorized
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "remote error" {
		return ErrUnauthorized
	}
	return ErrUnavailable
}
