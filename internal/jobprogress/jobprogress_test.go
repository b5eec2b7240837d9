package jobprogress_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/internal/httpapi"
	"github.com/hexplane/hexplane/internal/jobprogress"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// source has tasks of which each has 60 failures.
type source struct{ tasks int }

func (s source) Progress(_ context.Context, jobID string) ([]asynctask.Level, error) {
	if jobID != "odd/id" {
		return nil, nil
	}
	return []asynctask.Level{{Type: "T", Step: "s", Tasks: 2, Total: 200, OK: 80, Failed: 120, Late: 1}}, nil
}

func (s source) Tasks(context.Context, asynctask.TaskFilter) ([]asynctask.Task, error) {
	tasks := []asynctask.Task{{ID: "fine"}}
	for i := range s.tasks {
		tasks = append(tasks, asynctask.Task{ID: strconv.Itoa(i), Counts: asynctask.Counts{Failed: 60}})
	}
	return tasks, nil
}

func (s source) Failures(_ context.Context, f asynctask.RequestFilter) ([]asynctask.Record, error) {
	records := make([]asynctask.Record, min(60, f.Limit))
	for i := range records {
		records[i] = asynctask.Record{Type: "T", Step: "s", Name: f.TaskID + "@digest"}
	}
	if len(records) > 0 {
		records[0].Reply = &asynctask.Reply{Error: &asynctask.ReplyError{Code: "invalid_document", Text: "no"}}
	}
	return records, nil
}

func TestProgressOverREST(t *testing.T) {
	api := httpapi.New(slog.New(slog.DiscardHandler))
	api.HandleAny(jobprogress.Route, jobprogress.Handler(source{tasks: 3}, "there"))
	server := httptest.NewServer(api)
	defer server.Close()
	client := jobprogress.NewClient(server.URL, server.Client())

	answer, err := client.Progress(t.Context(), "odd/id")
	require.NoError(t, err)
	require.Equal(t, []jobprogress.Level{
		{Service: "there", Type: "T", Step: "s", Tasks: 2, Total: 200, OK: 80, Failed: 120, Late: 1},
	}, answer.Levels)
	require.Len(t, answer.Failures, 100, "only the first are listed")
	assert.Equal(t, jobprogress.Failure{
		Service: "there", Type: "T", Step: "s", Subject: "0", Code: "invalid_document", Text: "no",
	}, answer.Failures[0])

	answer, err = client.Progress(t.Context(), "unknown")
	require.NoError(t, err)
	assert.Empty(t, answer.Levels)
	assert.Empty(t, answer.Failures)
}

func TestServiceThatDoesNotAnswerWell(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"refuses":       func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) },
		"talks garbage": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(handler)
			defer server.Close()
			_, err := jobprogress.NewClient(server.URL, server.Client()).Progress(t.Context(), "j")
			require.Error(t, err)
		})
	}
}
