// Package usecase is what rsadaptor does: it turns each RouterSecure event into
// documents of the HomeSecure backend, writes them there, and answers the events
// that ask for it. It keeps nothing; doing anything twice is harmless.
package usecase

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/hsadmin"
	"github.com/hexplane/hexplane/rsmodels"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

// Realm is one ISP's part of the HomeSecure backend; *hsadmin.Client implements it.
type Realm interface {
	CreateDevice(ctx context.Context, doc hsadmin.Document) error
	Put(ctx context.Context, doc hsadmin.Document) error
	DeleteDevice(ctx context.Context, deviceID string) error
	DeleteRouter(ctx context.Context, routerID string) error
}

// Realms finds the realm of an ISP.
type Realms interface {
	Realm(ispID string) (Realm, error)
}

// Adaptor holds the use cases, one for each event type. Each returns nil when the
// event is done, which includes a refusal that was answered; an error marked by
// eventbus.Permanent when the backend refuses an event that nobody wants answered;
// one marked by eventbus.Unavailable when the backend takes nothing at the moment;
// and any other error when the event must come again.
type Adaptor struct {
	realms   Realms
	bus      eventbus.Publisher
	log      *slog.Logger
	outages  *outages
	patience int
}

// New returns the use cases; bus carries the replies. While one ISP's realm is out
// and others are not, its events fail as events of their own until their attempt
// number patience, so that others' need not wait for them; then they wait in place,
// and with them the topic, for none must be lost. With a patience of 1 or less the
// realms are taken for one backend, which is out when one of them is.
func New(realms Realms, bus eventbus.Publisher, log *slog.Logger, patience int) *Adaptor {
	a := &Adaptor{realms: realms, bus: bus, log: log, outages: &outages{failed: map[string]int{}}, patience: patience}
	if patience > 1 {
		a.realms = watched{realms, a.outages}
	}
	return a
}

// finish answers an event that was tried with that outcome.
func (a *Adaptor) finish(ctx context.Context, eventType string, request rsevent.Request, outcome error) error {
	if outcome == nil {
		return a.answer(ctx, eventType, request, rsevent.ReplyTo(request, rsevent.StatusOK))
	}
	code, refused := refusal(outcome)
	failed := fmt.Errorf("rsadaptor: %s: %w", eventType, outcome)
	if !refused {
		if out(outcome) && (attempt(ctx) >= a.patience || a.outages.everywhere()) {
			return eventbus.Unavailable(failed)
		}
		return failed
	}
	a.log.WarnContext(ctx, "the backend does not take an event", "event_type", eventType,
		"request_id", request.RequestID, "code", code, "error", outcome)
	if !request.WantsReply() {
		if errors.Is(outcome, hsadmin.ErrUnauthorized) {
			return failed
		}
		return eventbus.Permanent(failed)
	}
	reply := rsevent.ReplyTo(request, rsevent.StatusFailed)
	reply.Error = &rsevent.ReplyError{Code: code, Text: clip(outcome.Error())}
	return a.answer(ctx, eventType, request, reply)
}

func (a *Adaptor) answer(ctx context.Context, eventType string, request rsevent.Request, reply rsevent.Reply) error {
	if !request.WantsReply() {
		return nil
	}
	msg, err := eventbus.NewMessage(request.ReplyTopic, rsevent.ReplyType(eventType), request.RequestID, reply)
	if err != nil {
		return eventbus.Permanent(fmt.Errorf("rsadaptor: reply to %s: %w", eventType, err))
	}
	if err := a.bus.Publish(ctx, msg); err != nil {
		return fmt.Errorf("rsadaptor: reply to %s: %w", eventType, err)
	}
	return nil
}

// Codes of refusals.
const (
	codeInvalid      = "invalid_document"
	codeNotFound     = "not_found"
	codeConflict     = "conflict"
	codeUnauthorized = "unauthorized"
)

// refusal is the one place that decides what must not be tried for ever. What the
// backend, or a rule of its documents, says no to stays so however often it is
// sent. A refused identity can be mended by an operator: whoever waits for an
// answer is told at once, what nobody waits for is tried again. All else
// (throttling, no answer, an error of ours) may pass.
func refusal(err error) (code string, refused bool) {
	switch {
	case errors.Is(err, rsmodels.ErrInvalid), errors.Is(err, hsadmin.ErrInvalid):
		return codeInvalid, true
	case errors.Is(err, hsadmin.ErrNotFound):
		return codeNotFound, true
	case errors.Is(err, hsadmin.ErrConflict):
		return codeConflict, true
	case errors.Is(err, hsadmin.ErrUnauthorized):
		return codeUnauthorized, true
	}
	return "", false
}

// maxText is the longest text of a reply's error, in bytes.
const maxText = 4096

func clip(text string) string {
	if len(text) > maxText {
		return text[:maxText]
	}
	return text
}
