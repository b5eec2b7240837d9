package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
)

// App describes a service's binary. C is the service's own configuration: a struct
// with env, envDefault and desc tags.
type App[C any] struct {
	Name                string
	Summary             string // completes the sentence "<name> ..."
	HTTPAddr, AdminAddr string // defaults of HTTP_ADDR and ADMIN_ADDR
	New                 func(ctx context.Context, p *Platform, cfg C) (*Service, error)
	Commands            []Command[C]
	// GCPercent is GOGC where the environment has none; 0 leaves it to Go.
	GCPercent int
}

// Command is another mode of the binary: it runs once and ends.
type Command[C any] struct {
	Name    string
	Summary string
	Run     func(ctx context.Context, p *Platform, cfg C) error
}

// Main runs the binary with the process's arguments and environment, and exits.
func Main[C any](app App[C]) {
	if app.GCPercent != 0 && os.Getenv("GOGC") == "" {
		debug.SetGCPercent(app.GCPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := Run(ctx, app, os.Args[1:], environ(os.Environ()), os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, app.Name+":", err)
		os.Exit(1)
	}
}

// Run is Main without the process around it. It returns when ctx ends.
func Run[C any](
	ctx context.Context, app App[C], args []string, environ map[string]string, stdout, stderr io.Writer,
) error {
	cfg := Config{HTTPAddr: app.HTTPAddr, AdminAddr: app.AdminAddr}
	var own C
	command, help, err := app.parse(args)
	if err != nil {
		return err
	}
	if help {
		return app.usage(stdout, cfg, own)
	}
	if err := errors.Join(Parse(&cfg, environ), Parse(&own, environ)); err != nil {
		return err
	}
	host, err := NewHost(app.Name, cfg, stderr)
	if err != nil {
		return err
	}
	closeCtx := context.WithoutCancel(ctx)
	platform, err := host.Platform(ctx, app.Name)
	if err != nil {
		return errors.Join(err, host.Close(closeCtx))
	}
	if command != nil {
		return errors.Join(command.Run(ctx, platform, own), host.Close(closeCtx))
	}
	svc, err := app.New(ctx, platform, own)
	if err != nil {
		return errors.Join(err, host.Close(closeCtx))
	}
	return host.Run(ctx, svc)
}

// parse returns the command that the arguments name, nil to serve, or that help is
// asked for.
func (a App[C]) parse(args []string) (command *Command[C], help bool, err error) {
	if len(args) == 0 {
		return nil, false, nil
	}
	switch args[0] {
	case "-h", "-help", "--help", "help":
		return nil, true, nil
	}
	for i := range a.Commands {
		if a.Commands[i].Name == args[0] && len(args) == 1 {
			return &a.Commands[i], false, nil
		}
	}
	return nil, false, fmt.Errorf("unknown argument %q; see --help", strings.Join(args, " "))
}

func (a App[C]) usage(w io.Writer, configs ...any) error {
	_, err := fmt.Fprintf(w, "%s %s.\n\nUsage:\n  %s\t\tserves until SIGINT or SIGTERM\n", a.Name, a.Summary, a.Name)
	if err != nil {
		return err
	}
	for _, c := range a.Commands {
		if _, err := fmt.Fprintf(w, "  %s %s\t%s\n", a.Name, c.Name, c.Summary); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintln(w, "\nEnvironment (variable, default, meaning):"); err != nil {
		return err
	}
	return Usage(w, configs...)
}

func environ(list []string) map[string]string {
	out := make(map[string]string, len(list))
	for _, kv := range list {
		name, value, _ := strings.Cut(kv, "=")
		out[name] = value
	}
	return out
}
