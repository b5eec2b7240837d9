// Package job is the main job: it provisions households through the public interface,
// runs a full sync for every ISP and holds what the HomeSecure backend then has against
// what the input demands.
//
// The job goes through phases and writes the current one to a file before it enters it,
// so that a process that was killed resumes where it was: an interrupted load goes on
// with what is not there yet, an interrupted wipe is repeated, and a sync that runs by
// itself is only waited for.
package job

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/hexplane/hexplane/internal/fullsync/gateway"
	"github.com/hexplane/hexplane/internal/fullsync/input"
)

// Backend is what the job sees of the HomeSecure backend.
type Backend interface {
	Documents() Documents
	Count(kind string) int
	Wipe()
}

// Config says what to do and with what.
type Config struct {
	Input     string                     // path of the households
	StateFile string                     // where the phase is kept
	Resume    bool                       // go on with the run of the StateFile
	Gateways  map[string]*gateway.Client // by ISP
	Backend   Backend
	// Idle tells whether every event that was published has been consumed.
	Idle func(ctx context.Context) (bool, error)

	Concurrency int           // households that are loaded at the same time; default 16
	Patience    time.Duration // longest time without any progress; default 60 s
	Poll        time.Duration // how often progress is looked at; default 250 ms
	Out         io.Writer     // reports and progress
	Terminal    bool          // Out is a terminal: progress is drawn, not listed
}

// ErrNotIdentical says that the sync ended and the backend does not hold what the input
// demands.
var ErrNotIdentical = errors.New("the backend does not hold what the input demands")

// ErrInput says that some of the input could not be used; the rest was.
var ErrInput = errors.New("some of the input could not be used")

// ErrStalled says that nothing has moved for as long as Config.Patience allows.
var ErrStalled = errors.New("no progress")

// run is one job under way.
type run struct {
	Config
	state state
	// refused are the lines whose household a service would not have.
	refused map[int]bool
	// demands sums what the input demands, by kind.
	demands map[string]int
}

// Run does the job. It prints the table and returns nil when every document is
// identical, ErrNotIdentical or ErrInput when not, or what went wrong before.
func Run(ctx context.Context, cfg Config) error {
	r, err := newRun(cfg)
	if err != nil {
		return err
	}
	steps := []struct {
		phase phase
		do    func(context.Context) error
	}{
		{phaseLoading, r.provision},
		{phaseWiping, r.wipe},
		{phaseSyncing, r.sync},
	}
	for _, step := range steps {
		if r.state.Phase > step.phase {
			continue
		}
		if err := r.enter(step.phase); err != nil {
			return err
		}
		if err := step.do(ctx); err != nil {
			return err
		}
	}
	return r.verify(ctx)
}

func newRun(cfg Config) (*run, error) {
	if cfg.Concurrency <= 0 {
		cfg.Concurrency = 16
	}
	if cfg.Patience <= 0 {
		cfg.Patience = time.Minute
	}
	if cfg.Poll <= 0 {
		cfg.Poll = 250 * time.Millisecond
	}
	r := &run{Config: cfg, refused: map[int]bool{}}
	if err := r.begin(); err != nil {
		return nil, err
	}
	for _, line := range r.state.Refused {
		r.refused[line] = true
	}
	return r, nil
}

// wipe empties the backend, so that the sync alone fills it again.
func (r *run) wipe(context.Context) error {
	r.Backend.Wipe()
	r.sayf("wiped the backend: from here on the full sync alone fills it")
	return nil
}

func (r *run) sayf(format string, args ...any) { fmt.Fprintf(r.Out, format+"\n", args...) }

// households yields the providers and households that the run works with; a line that
// cannot be used is given to report.
func (r *run) households(report func(error), use func(input.Line, *input.Provider) error) error {
	return eachLine(r.Input, func(line input.Line, provider *input.Provider, err error) error {
		if err != nil {
			report(err)
			return nil
		}
		if r.refused[line.Number] {
			return nil
		}
		return use(line, provider)
	})
}
