package job

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"time"

	"github.com/hexplane/hexplane/internal/fullsync/gateway"
)

// sync starts a full sync for each ISP that has none yet, and waits until all have
// ended, showing how far they are.
func (r *run) sync(ctx context.Context) error {
	if r.state.Jobs == nil {
		r.state.Jobs = map[string]string{}
	}
	for _, isp := range slices.Sorted(maps.Keys(r.Gateways)) {
		if err := r.startJob(ctx, isp); err != nil {
			return fmt.Errorf("full sync of %s: %w", isp, err)
		}
	}
	levels := newLevels(r.Out, r.Terminal)
	defer levels.close()
	return r.await(ctx, "the full syncs run", func() (bool, string, error) {
		jobs, err := r.jobs(ctx)
		if err != nil {
			return false, "", err
		}
		levels.show(jobs)
		running := slices.ContainsFunc(jobs, func(j gateway.Job) bool { return !j.Ended() })
		return !running, fmt.Sprint(jobs), nil
	})
}

// startJob starts the ISP's job, or finds the one that a killed run has started.
func (r *run) startJob(ctx context.Context, isp string) error {
	if r.state.Jobs[isp] != "" {
		return nil
	}
	client := r.Gateways[isp]
	earlier, err := client.Jobs(ctx)
	if err != nil {
		return err
	}
	if len(earlier) > 0 {
		r.state.Jobs[isp] = earlier[len(earlier)-1].JobID
		return r.save()
	}
	location, err := client.FullSync(ctx)
	if err != nil {
		return err
	}
	r.state.Jobs[isp] = path.Base(location)
	return r.save()
}

func (r *run) jobs(ctx context.Context) ([]gateway.Job, error) {
	var jobs []gateway.Job
	for _, isp := range slices.Sorted(maps.Keys(r.Gateways)) {
		job, err := r.Gateways[isp].Job(ctx, r.state.Jobs[isp])
		if err != nil {
			return nil, fmt.Errorf("job of %s: %w", isp, err)
		}
		jobs = append(jobs, job)
	}
	return jobs, nil
}

// span is from the first job's start to the last one's end.
func span(jobs []gateway.Job) time.Duration {
	var first, last time.Time
	for _, job := range jobs {
		if first.IsZero() || job.StartedAt.Before(first) {
			first = job.StartedAt
		}
		if job.FinishedAt.After(last) {
			last = job.FinishedAt
		}
	}
	return last.Sub(first)
}
