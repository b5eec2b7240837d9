package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/cschleiden/go-workflows/backend"
	"github.com/cschleiden/go-workflows/backend/sqlite"
	"github.com/cschleiden/go-workflows/client"
	"github.com/cschleiden/go-workflows/worker"
	"github.com/cschleiden/go-workflows/workflow"
	"github.com/dbos-inc/dbos-transact-golang/dbos"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/eventbus/membus"
)

// The job that is done with peers and with asynctask: ask b.children, who answer
// at once, and go on when all have. Everything is durable in a database and runs
// in one process.

// beside does the job with a peer and with asynctask in turns, on databases of
// one kind, and prints the medians.
func (b *bench) beside(peer string, theirs, ours func(round int) error) error {
	var their, our rounds
	for round := range 3 {
		began := time.Now()
		if err := theirs(round); err != nil {
			return err
		}
		their = append(their, time.Since(began))
		began = time.Now()
		if err := ours(round); err != nil {
			return err
		}
		our = append(our, time.Since(began))
	}
	b.row(peer, fmt.Sprintf("%d children, median of 3", b.children), rate(b.children, their.median()))
	b.row("asynctask", "the same", fmt.Sprintf("%s, %.1f times as fast", rate(b.children, our.median()), float64(their.median())/float64(our.median())))
	return nil
}

// goWorkflows has a child as an activity, its lightest kind.
func (b *bench) goWorkflows(ctx context.Context, dir string) func(round int) error {
	return func(round int) error {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		back := sqlite.NewSqliteBackend(filepath.Join(dir, fmt.Sprintf("go-workflows-%d.db", round)),
			sqlite.WithBackendOptions(backend.WithLogger(slog.New(slog.DiscardHandler))))
		options := worker.DefaultOptions
		options.ActivityPollingInterval, options.WorkflowPollingInterval = time.Millisecond, time.Millisecond
		w := worker.New(back, &options)
		if err := errors.Join(w.RegisterWorkflow(askAll), w.RegisterActivity(answerOne), w.Start(ctx)); err != nil {
			return err
		}
		c := client.New(back)
		instance, err := c.CreateWorkflowInstance(ctx, client.WorkflowInstanceOptions{InstanceID: "job"}, askAll, b.children)
		if err != nil {
			return err
		}
		_, err = client.GetWorkflowResult[int](ctx, c, instance, time.Hour)
		stop()
		return errors.Join(err, w.WaitForCompletion(), back.Close())
	}
}

func askAll(ctx workflow.Context, children int) (int, error) {
	answers := make([]workflow.Future[int], children)
	for i := range answers {
		answers[i] = workflow.ExecuteActivity[int](ctx, workflow.DefaultActivityOptions, answerOne, i)
	}
	sum := 0
	for _, a := range answers {
		n, err := a.Get(ctx)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

func answerOne(_ context.Context, _ int) (int, error) { return 1, nil }

// dbos has a child as a workflow, as its steps run one after the other.
func (b *bench) dbos(ctx context.Context, url string) func(round int) error {
	return func(round int) error {
		d, err := dbos.NewDBOSContext(ctx, dbos.Config{
			DatabaseURL: url, DatabaseSchema: fmt.Sprintf("dbos_%d", round), AppName: "bench", Logger: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			return err
		}
		dbos.RegisterWorkflow(d, dbosAll)
		dbos.RegisterWorkflow(d, dbosOne)
		if err := dbos.Launch(d); err != nil {
			return err
		}
		defer dbos.Shutdown(d, time.Minute)
		job, err := dbos.RunWorkflow(d, dbosAll, b.children)
		if err != nil {
			return err
		}
		_, err = job.GetResult()
		return err
	}
}

func dbosAll(ctx dbos.DBOSContext, children int) (int, error) {
	answers := make([]dbos.WorkflowHandle[int], children)
	for i := range answers {
		var err error
		if answers[i], err = dbos.RunWorkflow(ctx, dbosOne, i); err != nil {
			return 0, err
		}
	}
	sum := 0
	for _, a := range answers {
		n, err := a.GetResult()
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

func dbosOne(dbos.DBOSContext, int) (int, error) { return 1, nil }

// ours does the job over a bus in memory.
func (b *bench) ours(ctx context.Context, store asynctask.Store, transport func() *membus.Bus) func(round int) error {
	return func(round int) error {
		_, err := run(ctx, store, transport(), fmt.Sprint("All-", round),
			asynctask.Definition{Type: "All", Steps: []asynctask.Step{askLeaves(b.children)}})
		return err
	}
}
