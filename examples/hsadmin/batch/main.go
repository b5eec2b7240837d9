// Command batch writes many devices to a backend that throttles and fails now and
// then, with a progress bar, and tells what became of each.
//
//	go run ./examples/hsadmin/batch -devices 5000
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"iter"
	"os"
	"os/signal"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/hexplane/hexplane/hsadmin"
	"github.com/hexplane/hexplane/hsadmin/hsadmintest"
	"github.com/hexplane/hexplane/rsmodels"
)

func main() {
	devices := flag.Int("devices", 2000, "how many devices to write")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, os.Stderr, *devices); err != nil {
		fmt.Fprintln(os.Stderr, "batch:", err)
		os.Exit(1) //nolint:gocritic // stop has nothing left to do
	}
}

func run(ctx context.Context, out, progress io.Writer, devices int) error {
	backend := hsadmintest.New(hsadmintest.Options{RequireClientCertificate: true})
	backend.Inject(hsadmintest.Rule{Probability: 0.05, Fault: hsadmintest.Fault{Status: 503}})
	backend.Inject(hsadmintest.Rule{Probability: 0.01, Fault: hsadmintest.Fault{Reset: true}})
	server, err := hsadmintest.Serve(backend)
	if err != nil {
		return err
	}
	defer server.Close()
	dir, err := os.MkdirTemp("", "batch")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	credentials, err := server.WriteClient(dir, "batch")
	if err != nil {
		return err
	}
	client, err := hsadmin.New(hsadmin.Config{
		BaseURL: server.URL, Credentials: credentials, Retry: hsadmin.RetryConfig{BaseDelay: 10 * time.Millisecond},
	})
	if err != nil {
		return err
	}
	defer client.Close()
	succeeded := send(ctx, out, progress, client, devices)
	fmt.Fprintf(out, "%d of %d written; the backend holds %d\n", succeeded, devices, backend.Count(rsmodels.KindDevices))
	return nil
}

// send streams the documents: neither they nor their outcomes are ever all in
// memory. On an interrupt, what was not started says so.
func send(ctx context.Context, out, progress io.Writer, client *hsadmin.Client, devices int) (succeeded int) {
	bar := progressbar.NewOptions(devices, progressbar.OptionSetWriter(progress), progressbar.OptionShowCount(),
		progressbar.OptionShowIts(), progressbar.OptionThrottle(100*time.Millisecond))
	batch := hsadmin.NewBatchClient(client, hsadmin.BatchConfig{})
	notStarted := 0
	for outcome := range batch.Stream(ctx, hsadmin.Puts(documents(devices))) {
		switch outcome.State {
		case hsadmin.Succeeded:
			succeeded++
		case hsadmin.Failed:
			fmt.Fprintf(out, "device %d: %v\n", outcome.Index, outcome.Err)
		case hsadmin.NotStarted:
			notStarted++
		}
		_ = bar.Add(1) // a bar that cannot be drawn stops nothing
	}
	_ = bar.Finish()
	fmt.Fprintln(progress)
	if notStarted > 0 {
		fmt.Fprintf(out, "%d not started\n", notStarted)
	}
	return succeeded
}

// documents builds each document when it is asked for.
func documents(n int) iter.Seq[rsmodels.DeviceConfiguration] {
	return func(yield func(rsmodels.DeviceConfiguration) bool) {
		for i := range n {
			// What cannot be built is a zero document, whose outcome is a failure.
			doc, _ := rsmodels.NewDeviceConfiguration(rsmodels.DeviceSpec{DeviceBase: rsmodels.DeviceBase{Device: rsmodels.Device{
				DeviceID: fmt.Sprintf("device-%d", i), AccountID: "example-account", ISPID: "example-isp",
				MAC: fmt.Sprintf("a4:83:e7:%02x:%02x:%02x", i>>16&0xff, i>>8&0xff, i&0xff), Name: fmt.Sprintf("Device %d", i),
			}}})
			if !yield(doc) {
				return
			}
		}
	}
}
