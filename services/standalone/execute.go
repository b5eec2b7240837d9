package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/term"

	"github.com/hexplane/hexplane/internal/fullsync/gateway"
	"github.com/hexplane/hexplane/services/standalone/job"
	"github.com/hexplane/hexplane/services/standalone/stack"
)

// execute does what the arguments ask for and returns when it is done, or, when serving,
// when ctx ends.
func execute(ctx context.Context, args []string, environ map[string]string, stdout, stderr io.Writer) error {
	c, err := parse(args, environ, stdout)
	if err != nil {
		return err
	}
	stateFile := filepath.Join(c.DataDir, "standalone", "run.json")
	if c.Resume && !c.inputSet {
		if c.Input, err = job.InputOf(stateFile); err != nil {
			return err
		}
	}
	isps, err := job.Providers(c.Input)
	if err != nil {
		return err
	}
	release, err := claim(c.DataDir, c.Resume)
	if err != nil {
		return err
	}
	defer release()
	c.NoDocuments = !c.Resume
	st, err := stack.Open(ctx, stack.Config{Config: c.Config, Environ: environ, ISPs: isps, Logs: stderr})
	if err != nil {
		return err
	}
	return c.attend(ctx, st, job.Config{
		Input: c.Input, StateFile: stateFile, Resume: c.Resume,
		Gateways: gateways(st, c.Concurrency), Backend: st.Backend, Idle: st.Idle,
		Concurrency: c.Concurrency, Patience: c.Patience,
		Out: stdout, Terminal: isTerminal(stdout),
	})
}

// attend runs the services, and the job beside them.
func (c command) attend(ctx context.Context, st *stack.Stack, cfg job.Config) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	stopped := make(chan error, 1)
	go func() { stopped <- st.Run(ctx) }()

	done := make(chan error, 1)
	go func() {
		err := ready(ctx, st)
		if err == nil {
			err = errors.Join(job.Run(ctx, cfg), st.Demeter.Show(ctx, cfg.Out))
		}
		done <- err
	}()
	select {
	case err := <-stopped: // a service failed
		stop()
		return errors.Join(err, <-done)
	case err := <-done:
		if c.serve && ctx.Err() == nil {
			c.invite(cfg.Out, st, err)
			<-ctx.Done()
		}
		stop()
		return errors.Join(err, <-stopped)
	}
}

// ready waits until every service runs.
func ready(ctx context.Context, st *stack.Stack) error {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for st.Ready() != nil {
		select {
		case <-ctx.Done():
			return fmt.Errorf("services: %w", ctx.Err())
		case <-ticker.C:
		}
	}
	return nil
}

func gateways(st *stack.Stack, concurrency int) map[string]*gateway.Client {
	transport := &http.Transport{MaxIdleConnsPerHost: concurrency}
	clients := map[string]*gateway.Client{}
	for isp, key := range st.Keys {
		clients[isp] = &gateway.Client{
			BaseURL: st.GatewayURL, Key: key,
			HTTP: &http.Client{Transport: transport, Timeout: time.Minute},
		}
	}
	return clients
}

// invite prints what there is to try.
func (c command) invite(w io.Writer, st *stack.Stack, err error) {
	if err != nil {
		fmt.Fprintf(w, "\nthe job ended with: %v\n", err)
	}
	isp := slices.Sorted(maps.Keys(st.Keys))[0]
	fmt.Fprintf(w, `
Serving until Ctrl-C. The public interface is %[1]s; the keys are in %[2]s.

  export KEY=%[3]s   # of %[4]s
  curl -H "Authorization: Bearer $KEY" %[1]s/accounts?limit=3
  curl -H "Authorization: Bearer $KEY" %[1]s/router-protection
  curl -H "Authorization: Bearer $KEY" %[1]s/subsystems/rs/jobs
  curl -i -X POST -H "Authorization: Bearer $KEY" %[1]s/subsystems/rs/full-sync
  curl %[1]s/openapi.yaml                 # and /openapi/<service>.yaml
  curl http://%[5]s/metrics       # also /livez and /readyz

Demeter is at %[6]s; see services/management/README.md.

  export DEMETER_KEY=$(cat %[7]s)
  grpcurl -plaintext -H "authorization: Bearer $DEMETER_KEY" %[6]s demeter.management.v1.AccountService/ListAccounts
`, st.GatewayURL, filepath.Join(c.DataDir, "standalone", "api-keys.json"), st.Keys[isp], isp, c.AdminAddr,
		st.Demeter.Address, st.Demeter.KeyFile)
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
