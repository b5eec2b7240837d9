// Command single makes one call of each sort: it asks the HS Admin backend how it
// is, creates a device, meets the conflict of creating it again, replaces it and
// is told what is wrong with a bad document.
//
//	go run ./examples/hsadmin/single
//
// With HSADMIN_URL, HSADMIN_CLIENT_CERT, HSADMIN_CLIENT_KEY and HSADMIN_CA it
// calls a real backend; without, one in this process.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/hexplane/hexplane/hsadmin"
	"github.com/hexplane/hexplane/hsadmin/hsadmintest"
	"github.com/hexplane/hexplane/rsmodels"
)

func main() {
	cfg := hsadmin.Config{
		BaseURL: os.Getenv("HSADMIN_URL"),
		Credentials: hsadmin.Credentials{
			CertFile: os.Getenv("HSADMIN_CLIENT_CERT"), KeyFile: os.Getenv("HSADMIN_CLIENT_KEY"), CAFile: os.Getenv("HSADMIN_CA"),
		},
	}
	if err := run(context.Background(), os.Stdout, cfg); err != nil {
		fmt.Fprintln(os.Stderr, "single:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, cfg hsadmin.Config) error {
	if cfg.BaseURL == "" {
		server, err := hsadmintest.Serve(hsadmintest.New(hsadmintest.Options{RequireClientCertificate: true}))
		if err != nil {
			return err
		}
		defer server.Close()
		dir, err := os.MkdirTemp("", "single")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		cfg.BaseURL = server.URL
		if cfg.Credentials, err = server.WriteClient(dir, "single"); err != nil {
			return err
		}
	}
	client, err := hsadmin.New(cfg)
	if err != nil {
		return err
	}
	defer client.Close()
	return call(ctx, out, client)
}

func call(ctx context.Context, out io.Writer, client *hsadmin.Client) error {
	status, err := client.Status(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "the backend is", status.Status)

	spec := rsmodels.DeviceSpec{DeviceBase: rsmodels.DeviceBase{Device: rsmodels.Device{
		DeviceID: "example-tv", AccountID: "example-account", ISPID: "example-isp", MAC: "a4:83:e7:00:11:22", Name: "Living room TV",
	}}}
	doc, err := rsmodels.NewDeviceConfiguration(spec)
	if err != nil {
		return err
	}
	err = client.CreateDevice(ctx, doc)
	fmt.Fprintln(out, "create:", cmp.Or(verdict(err), "done"))
	err = client.CreateDevice(ctx, doc)
	fmt.Fprintln(out, "create again:", cmp.Or(verdict(err), "done"))
	err = client.PutDevice(ctx, doc)
	fmt.Fprintln(out, "put:", cmp.Or(verdict(err), "done"))

	// The builders refuse a bad document before anything is sent.
	spec.Device.MAC, spec.Action = "nonsense", "dance"
	_, err = rsmodels.NewDeviceConfiguration(spec)
	fmt.Fprintln(out, "bad document:", err)

	return client.DeleteDevice(ctx, "example-tv")
}

// verdict names an error by the sentinel it matches.
func verdict(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, hsadmin.ErrConflict):
		return "it exists"
	case errors.Is(err, hsadmin.ErrUnavailable):
		return "the backend is away"
	}
	return err.Error()
}
