package usecase

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/hexplane/hexplane/internal/docstore"
)

// Errors about repeated requests.
var (
	// ErrReused reports that the key came with another request before.
	ErrReused = errors.New("gatewayisp: the idempotency key belongs to another request")
	// ErrRunning reports that the first request with the key is not answered yet.
	ErrRunning = errors.New("gatewayisp: the first request with this idempotency key is still running")
)

// Times of repeated requests.
const (
	// takeover is after how long a request without an answer counts as lost, together
	// with the process that ran it.
	takeover = time.Minute
	// remember is how long answers are kept.
	remember = 24 * time.Hour
)

// Answer is the answer to a request.
type Answer struct {
	Status int         `json:"status"`
	Header http.Header `json:"header"`
	Body   []byte      `json:"body"`
}

// attempt is a stored request; its answer is absent while it runs.
type attempt struct {
	Request string    `json:"request"` // hash of method, path and body
	Started time.Time `json:"started"`
	Answer  *Answer   `json:"answer,omitempty"`
}

// Repeats remembers the answers to requests that carry an idempotency key.
type Repeats struct {
	docs *docstore.Collection[attempt]
	now  func() time.Time
}

// NewRepeats returns the use cases over a store; now is the clock.
func NewRepeats(store *docstore.Store, now func() time.Time) *Repeats {
	docs := docstore.NewCollection(store, "repeats",
		docstore.IndexBy("started", func(a attempt) string { return sortable(a.Started) }))
	return &Repeats{docs: docs, now: now}
}

// Do answers a provider's request with that key: as before when it was answered
// before, else as run does. It returns ErrReused or ErrRunning when it cannot. An
// answer of 500 and above is not kept, so that the request may be tried again.
func (r *Repeats) Do(ctx context.Context, ispID, key, request string, run func() Answer) (answer Answer, repeated bool, err error) {
	id := hash(ispID + "\x00" + key)
	doc, err := r.begin(ctx, id, hash(request))
	if err != nil {
		return Answer{}, false, err
	}
	if doc.Value.Answer != nil {
		return *doc.Value.Answer, true, nil
	}
	answer = run()
	// The answer is remembered even when the caller has gone: that is the very case
	// in which it will be asked for again.
	ctx = context.WithoutCancel(ctx)
	if answer.Status >= http.StatusInternalServerError {
		return answer, false, ignoreLost(r.docs.Delete(ctx, id, doc.Version))
	}
	doc.Value.Answer = &answer
	_, err = r.docs.Replace(ctx, doc)
	return answer, false, ignoreLost(err)
}

// begin returns the attempt as answered before, or as ours to run.
func (r *Repeats) begin(ctx context.Context, id, request string) (docstore.Document[attempt], error) {
	fresh := attempt{Request: request, Started: r.now().UTC()}
	doc, err := r.docs.Insert(ctx, id, fresh)
	if !errors.Is(err, docstore.ErrExists) {
		return doc, err
	}
	doc, err = r.docs.Get(ctx, id)
	switch {
	case errors.Is(err, docstore.ErrNotFound):
		return doc, ErrRunning // it has just failed; the caller may try again
	case err != nil:
		return doc, err
	case doc.Value.Request != request:
		return doc, ErrReused
	case doc.Value.Answer != nil:
		return doc, nil
	case r.now().Sub(doc.Value.Started) < takeover:
		return doc, ErrRunning
	}
	doc.Value = fresh
	doc, err = r.docs.Replace(ctx, doc)
	if errors.Is(err, docstore.ErrConflict) || errors.Is(err, docstore.ErrNotFound) {
		err = ErrRunning
	}
	return doc, err
}

// Forget removes the answers that were kept long enough.
func (r *Repeats) Forget(ctx context.Context) error {
	const page = 200
	until := sortable(r.now().Add(-remember))
	for {
		docs, err := r.docs.FindBetween(ctx, "started", "0", until, "", page)
		if err != nil {
			return err
		}
		for _, doc := range docs {
			if err := ignoreLost(r.docs.Delete(ctx, doc.ID, doc.Version)); err != nil {
				return err
			}
		}
		if len(docs) < page {
			return nil
		}
	}
}

// sortable makes times comparable as strings.
func sortable(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000000") }

// ignoreLost is for an attempt that someone else took over meanwhile.
func ignoreLost(err error) error {
	if errors.Is(err, docstore.ErrConflict) || errors.Is(err, docstore.ErrNotFound) {
		return nil
	}
	return err
}
