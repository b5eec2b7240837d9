// Command kubetest is a Kubernetes API for tests in one process: etcd,
// kube-apiserver and the controllers without which an API server misleads a test:
// namespaces (or deletes would hang), resource quotas, garbage collection, and
// role aggregation (or the role "edit" would grant nothing). There are no nodes,
// so nothing runs in it.
//
// It writes DIR/kubeconfig once it is ready, for a user who may do anything, and
// ends when its standard input closes or it is told to by a signal. It is a
// module of its own, so that k8s.io/kubernetes stays out of hexplane's.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	dir := flag.String("dir", "", "folder for the server's data and kubeconfig (required)")
	port := flag.Int("port", 0, "loopback port of the API server; 0: a free one")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	err := run(ctx, *dir, *port)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "kubetest:", err)
		os.Exit(1)
	}
}

// run runs the whole until the context ends.
func run(ctx context.Context, dir string, port int) error {
	if dir == "" {
		return errors.New("-dir is required")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if port == 0 {
		free, err := freePort()
		if err != nil {
			return err
		}
		port = free
	}
	began := time.Now()
	etcd, err := startEtcd(filepath.Join(dir, "etcd"))
	if err != nil {
		return fmt.Errorf("etcd: %w", err)
	}
	defer etcd.Close()

	server, err := startServer(ctx, dir, port, etcd.Clients[0].Addr().String())
	if err != nil {
		return fmt.Errorf("kube-apiserver: %w", err)
	}
	if err := startControllers(ctx, server.config()); err != nil {
		return fmt.Errorf("controllers: %w", err)
	}
	if err := server.writeKubeconfig(filepath.Join(dir, "kubeconfig")); err != nil {
		return err
	}
	fmt.Printf("ready at %s after %s\n", server.host, time.Since(began).Round(time.Millisecond))
	select {
	case <-ctx.Done():
		return nil // its data is thrown away: nothing needs an orderly end
	case err := <-server.ended:
		return fmt.Errorf("kube-apiserver ended: %w", err)
	}
}

// freePort is a loopback port that was free a moment ago.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
