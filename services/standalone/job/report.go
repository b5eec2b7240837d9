package job

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/hexplane/hexplane/internal/fullsync/compare"
	"github.com/hexplane/hexplane/internal/fullsync/expect"
	"github.com/hexplane/hexplane/internal/fullsync/gateway"
)

// verify compares, at once and without waiting for anything: a job that says it has
// completed says that all of it is applied.
func (r *run) verify(ctx context.Context) error {
	jobs, err := r.jobs(ctx)
	if err != nil {
		return err
	}
	result, err := r.compare(ctx)
	if err != nil {
		return err
	}
	failed := r.printJobs(jobs)
	printTable(r.Out, result)
	r.printRate(jobs, result)
	return errors.Join(failed, notIdentical(result), r.unusable())
}

func notIdentical(result compare.Result) error {
	if result.Identical() {
		return nil
	}
	return ErrNotIdentical
}

// unusable repeats which lines of the input were left out.
func (r *run) unusable() error {
	n := len(r.refused)
	err := eachLineError(r.Input, func(err error) {
		n++
		r.sayf("input: %v", err)
	})
	if err != nil {
		return err
	}
	for line := range r.refused {
		r.sayf("input: line %d was refused while it was loaded", line)
	}
	if n == 0 {
		return nil
	}
	return fmt.Errorf("%w: %d lines", ErrInput, n)
}

// printJobs lists the jobs, and returns an error when one did not complete.
func (r *run) printJobs(jobs []gateway.Job) error {
	var errs []error
	for _, job := range jobs {
		r.sayf("full sync of %-10s %s in %s", job.ISPID, job.State, job.FinishedAt.Sub(job.StartedAt).Round(time.Millisecond))
		if job.State != "completed" {
			errs = append(errs, fmt.Errorf("the full sync of %s %s", job.ISPID, job.State))
		}
		for _, failure := range job.Failures {
			r.sayf("  %s %s/%s: %s: %s %s", failure.Service, failure.Type, failure.Step, failure.Subject, failure.Code, failure.Text)
		}
	}
	return errors.Join(errs...)
}

func (r *run) printRate(jobs []gateway.Job, result compare.Result) {
	devices := 0
	for _, row := range result.Rows {
		if row.Kind == expect.Devices || row.Kind == expect.Routers {
			devices += row.Identical
		}
	}
	took := span(jobs)
	note := ""
	if r.Resume {
		note = " (resumed: the time while nothing ran is in it)"
	}
	r.sayf("%d devices synced in %s: %.0f devices/s%s", devices, took.Round(time.Millisecond), float64(devices)/took.Seconds(), note)
}

// printTable prints the counts by kind, then the first differences.
func printTable(out io.Writer, result compare.Result) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\nkind\texpected\tapplied\tidentical\tmissing\tdifferent\t")
	for _, row := range append(result.Rows, result.Total()) {
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%d\t\n", row.Kind, row.Expected, row.Applied, row.Identical, row.Missing, row.Different)
	}
	_ = table.Flush() // out is the caller's; a report that cannot be written is not its failure
	fmt.Fprintln(out)
	for _, difference := range result.Differences {
		fmt.Fprintln(out, "  "+difference.String())
	}
}
