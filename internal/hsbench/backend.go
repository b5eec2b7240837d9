package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"time"

	"github.com/hexplane/hexplane/hsadmin"
	"github.com/hexplane/hexplane/hsadmin/hsadmintest"
)

// backend is a backend in another process.
type backend struct {
	URL     string `json:"url"`
	Control string `json:"control"`
	Cert    string `json:"cert"`
	Key     string `json:"key"`
	CA      string `json:"ca"`

	stop func() error
}

func (b *backend) credentials() hsadmin.Credentials {
	return hsadmin.Credentials{CertFile: b.Cert, KeyFile: b.Key, CAFile: b.CA}
}

// start runs this program as the backend.
func start(ctx context.Context, self string) (*backend, error) {
	cmd := exec.CommandContext(ctx, self, "-serve")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	b := &backend{stop: func() error {
		// The end of its input tells the backend to go.
		_ = stdin.Close()
		return cmd.Wait()
	}}
	if err := json.NewDecoder(stdout).Decode(b); err != nil {
		return nil, fmt.Errorf("backend: %w", err)
	}
	return b, nil
}

// serveBackend is a backend until in ends. It says on out where it is.
func serveBackend(in io.Reader, out io.Writer) error {
	handler := hsadmintest.New(hsadmintest.Options{RequireClientCertificate: true, CallLog: -1})
	server, err := hsadmintest.Serve(handler)
	if err != nil {
		return err
	}
	defer server.Close()
	dir, err := os.MkdirTemp("", "hsbench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	credentials, err := server.WriteClient(dir, "hsbench")
	if err != nil {
		return err
	}
	control := httptest.NewServer(controls(handler))
	defer control.Close()
	if err := json.NewEncoder(out).Encode(backend{
		URL: server.URL, Control: control.URL,
		Cert: credentials.CertFile, Key: credentials.KeyFile, CA: credentials.CAFile,
	}); err != nil {
		return err
	}
	_, err = bufio.NewReader(in).ReadByte()
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// controls lets the measuring process inject the faults and count the calls.
func controls(b *hsadmintest.Backend) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /faults", func(http.ResponseWriter, *http.Request) {
		for _, fault := range []hsadmintest.Fault{
			{Status: http.StatusServiceUnavailable}, {Status: http.StatusTooManyRequests}, {Reset: true}, {Latency: time.Second},
		} {
			// Rules are tried in turn, so each takes its part of what the ones
			// before left over; together a fifth.
			b.Inject(hsadmintest.Rule{Probability: 0.0543, Fault: fault})
		}
	})
	mux.HandleFunc("GET /calls", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, b.CallCount())
	})
	return mux
}
