// Command fullsync does what an internet provider's own system would: it sends its
// households through the public interface of a running gateway, asks for a full sync and
// waits until the job has ended. Beside a `make serve`:
//
//	go run ./examples/fullsync -gateway http://127.0.0.1:8080 -keys .data/standalone/api-keys.json
//
// What exists already is left as it is, so it may be run again.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path"
	"time"

	"github.com/hexplane/hexplane/internal/fullsync/gateway"
	"github.com/hexplane/hexplane/internal/fullsync/input"
)

func main() {
	base := flag.String("gateway", "http://127.0.0.1:8080", "base URL of the gateway")
	keys := flag.String("keys", ".data/standalone/api-keys.json", "file with the API key of each provider, by isp_id")
	households := flag.String("input", "examples/fullsync/households.ndjson", "households, one JSON object a line")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *base, *keys, *households, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "fullsync:", err)
		os.Exit(1)
	}
}

// run loads the input and syncs every provider in it.
func run(ctx context.Context, base, keysFile, households string, out io.Writer) error {
	keys := map[string]string{}
	content, err := os.ReadFile(keysFile)
	if err == nil {
		err = json.Unmarshal(content, &keys)
	}
	if err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	file, err := os.Open(households)
	if err != nil {
		return fmt.Errorf("input: %w", err)
	}
	defer file.Close()

	clients, errs := map[string]*gateway.Client{}, []error(nil)
	for line, err := range input.Read(file) {
		if err == nil {
			err = send(ctx, line, clients, base, keys)
		}
		if err != nil { // the rest may be better
			errs = append(errs, err)
		}
	}
	for isp, client := range clients {
		job, err := sync(ctx, client)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		fmt.Fprintf(out, "%s: %s in %s\n", isp, job.State, job.FinishedAt.Sub(job.StartedAt))
	}
	return errors.Join(errs...)
}

// send sends one provider or household.
func send(ctx context.Context, line input.Line, clients map[string]*gateway.Client, base string, keys map[string]string) error {
	if p := line.Provider; p != nil {
		clients[p.ISPID] = &gateway.Client{BaseURL: base, Key: keys[p.ISPID], HTTP: http.DefaultClient}
		return clients[p.ISPID].Provider(ctx, p)
	}
	return clients[line.Household.Account.ISPID].Household(ctx, line.Household)
}

// sync starts a full sync and looks once a second how far it is.
func sync(ctx context.Context, client *gateway.Client) (gateway.Job, error) {
	location, err := client.FullSync(ctx)
	if err != nil {
		return gateway.Job{}, err
	}
	for {
		job, err := client.Job(ctx, path.Base(location))
		if err != nil || job.Ended() {
			return job, err
		}
		select {
		case <-ctx.Done():
			return job, ctx.Err()
		case <-time.After(time.Second):
		}
	}
}
