package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/hexplane/hexplane/internal/service"
)

// errHelp says that help was asked for and given.
var errHelp = errors.New("help")

// options are what only standalone reads from its environment; flags win over it.
type options struct {
	Input       string        `env:"INPUT" envDefault:"examples/fullsync/households.ndjson" desc:"households to load; when resuming: those of the run that was cut off"`
	Resume      bool          `env:"RESUME" desc:"go on with the run that the data folder holds"`
	Concurrency int           `env:"LOAD_CONCURRENCY" envDefault:"16" desc:"households that are loaded at the same time"`
	Patience    time.Duration `env:"PATIENCE" envDefault:"60s" desc:"longest time without any progress"`
}

// command is what the command line asks for.
type command struct {
	service.Config
	options

	serve    bool // stay up after the job
	inputSet bool // an input was named, by flag or environment
	environ  map[string]string
}

const usage = `standalone runs every RouterSecure service in one process and does a full sync.

Usage:
  standalone run    loads the input, syncs, compares and ends; the exit status says whether
                    every document is identical
  standalone serve  does the same and stays up until SIGINT or SIGTERM

  --input FILE      households to load (INPUT)
  --resume          go on with the run that the data folder holds, after the process was
                    killed, instead of starting afresh (RESUME)

A run that is not resumed empties the data folder's standalone state first. With MONGODB_URI
it begins only in a database without documents.

Environment (variable, default, meaning):
`

// parse reads the environment and the command line.
func parse(args []string, environ map[string]string, stdout io.Writer) (command, error) {
	c := command{environ: environ}
	c.HTTPAddr, c.AdminAddr = "127.0.0.1:8080", "127.0.0.1:9087"
	if len(args) > 0 && args[0] == "run" { // nobody is told its addresses: any free port will do
		c.HTTPAddr, c.AdminAddr = "127.0.0.1:0", "127.0.0.1:0"
	}
	c.LogLevel = slog.LevelWarn
	if len(args) == 0 || isHelp(args[0]) {
		return c, help(stdout, c)
	}
	if err := parseEnvironment(&c); err != nil {
		return c, err
	}
	switch args[0] {
	case "run":
	case "serve":
		c.serve = true
	default:
		return c, fmt.Errorf("unknown command %q; see --help", args[0])
	}
	flags := flag.NewFlagSet("standalone "+args[0], flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&c.Input, "input", c.Input, "")
	flags.BoolVar(&c.Resume, "resume", c.Resume, "")
	if err := flags.Parse(args[1:]); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return c, help(stdout, c)
		}
		return c, fmt.Errorf("%w; see --help", err)
	}
	if flags.NArg() > 0 {
		return c, fmt.Errorf("unknown argument %q; see --help", strings.Join(flags.Args(), " "))
	}
	flags.Visit(func(f *flag.Flag) { c.inputSet = c.inputSet || f.Name == "input" })
	return c, nil
}

// parseEnvironment fills the command. People watch this binary work, so its log holds
// warnings only unless LOG_LEVEL asks for more.
func parseEnvironment(c *command) error {
	level := c.LogLevel
	if err := errors.Join(service.Parse(&c.Config, c.environ), service.Parse(&c.options, c.environ)); err != nil {
		return err
	}
	if c.environ["LOG_LEVEL"] == "" {
		c.LogLevel = level
	}
	c.inputSet = c.environ["INPUT"] != ""
	return nil
}

func isHelp(arg string) bool {
	return arg == "-h" || arg == "-help" || arg == "--help" || arg == "help"
}

func help(w io.Writer, c command) error {
	if _, err := io.WriteString(w, usage); err != nil {
		return err
	}
	if err := service.Usage(w, c.Config, c.options); err != nil {
		return err
	}
	return errHelp
}
