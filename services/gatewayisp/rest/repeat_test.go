package rest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRepeatedPostGetsTheFirstAnswer(t *testing.T) {
	f := newFixture(t, 0)
	post := func(key, idempotency, body string) *http.Response {
		return f.do("POST /accounts", body, "Authorization", "Bearer "+key, "Idempotency-Key", idempotency)
	}
	first := post(key1, "k", `{"n":1}`)
	again := post(key1, "k", `{"n":1}`)
	assert.EqualValues(t, 1, f.requests.Load(), "the service heard of it once")
	assert.Equal(t, http.StatusCreated, again.StatusCode)
	assert.Equal(t, "/there", again.Header.Get("Location"))
	assert.Equal(t, text(t, first), text(t, again))
	assert.Empty(t, first.Header.Get("Idempotency-Replayed"))
	assert.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))

	assert.Equal(t, http.StatusUnprocessableEntity, post(key1, "k", `{"n":2}`).StatusCode, "another request with that key")
	assert.Equal(t, http.StatusCreated, post(key2, "k", `{"n":2}`).StatusCode, "keys are per provider")
	assert.EqualValues(t, 2, f.requests.Load())
}

func TestAnswersThatMayGetBetterAreNotKept(t *testing.T) {
	f := newFixture(t, 0)
	good := f.serve
	f.serve = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(`{"type":"about:blank","title":"x","status":503}`))
	}
	post := func() int {
		return f.do("POST /accounts", `{}`, "Authorization", "Bearer "+key1, "Idempotency-Key", "k").StatusCode
	}
	assert.Equal(t, http.StatusServiceUnavailable, post())
	f.serve = good
	assert.Equal(t, http.StatusCreated, post())
}

func TestRepeatWhileTheFirstRuns(t *testing.T) {
	f := newFixture(t, 0)
	started, release := make(chan struct{}), make(chan struct{})
	good := f.serve
	f.serve = func(w http.ResponseWriter, r *http.Request) {
		close(started)
		<-release
		good(w, r)
	}
	post := func() int {
		return f.do("POST /accounts", `{}`, "Authorization", "Bearer "+key1, "Idempotency-Key", "k").StatusCode
	}
	first := make(chan int)
	go func() { first <- post() }()
	<-started
	assert.Equal(t, http.StatusConflict, post())
	close(release)
	assert.Equal(t, http.StatusCreated, <-first)
	assert.Equal(t, http.StatusCreated, post())
	assert.EqualValues(t, 1, f.requests.Load())
}
