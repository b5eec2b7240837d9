// Package usecase is what rssync does: one method per use case. It knows ports only.
package usecase

import (
	"context"
	"errors"
	"iter"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/jobprogress"
	"github.com/hexplane/hexplane/services/rssync/domain"
)

// Errors that drivers tell apart.
var (
	// ErrRunning says that a job of this ISP runs already.
	ErrRunning = errors.New("rssync: a job is running")
	// ErrNotFound says that this ISP has no such job.
	ErrNotFound = errors.New("rssync: no such job")
	// ErrEnded says that a job has ended.
	ErrEnded = errors.New("rssync: the job has ended")
)

// Table is a set of documents; *docstore.Collection implements it. Change
// functions may run more than once for one call.
type Table[T any] interface {
	Insert(ctx context.Context, id string, value T, events ...*eventbus.Message) (docstore.Document[T], error)
	Get(ctx context.Context, id string) (docstore.Document[T], error)
	Find(ctx context.Context, field, value, after string, limit int) ([]docstore.Document[T], error)
	All(ctx context.Context, field, value string) iter.Seq2[docstore.Document[T], error]
	Update(ctx context.Context, id string,
		change func(*T) ([]*eventbus.Message, error)) (docstore.Document[T], error)
	Upsert(ctx context.Context, id string,
		change func(value *T, found bool) ([]*eventbus.Message, error)) (docstore.Document[T], error)
}

// FieldISP is the field that jobs are searched by.
const FieldISP = "isp_id"

// Tables is everything that rssync remembers, tasks aside.
type Tables struct {
	Jobs  Table[domain.Job]  // by job id
	Slots Table[domain.Slot] // by ISP
}

// Tasks runs the jobs; *asynctask.Manager implements it.
type Tasks interface {
	jobprogress.Source
	Start(ctx context.Context, opt asynctask.StartOptions) (asynctask.Result, error)
	CancelJob(ctx context.Context, jobID string) error
	Task(ctx context.Context, id string) (asynctask.Task, error)
}

// Remote is another service that has a part in every job.
type Remote struct {
	Name     string
	Progress interface {
		Progress(ctx context.Context, jobID string) (jobprogress.Answer, error)
	}
}
