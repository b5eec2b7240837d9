package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/hexplane/hexplane/hsadmin"
)

// rounds is how often each way is measured, in turn, so that both see the same
// machine.
const rounds = 5

func measureThroughput(ctx context.Context, out io.Writer, self string, n int) error {
	b, err := start(ctx, self)
	if err != nil {
		return err
	}
	defer func() { _ = b.stop() }()
	fmt.Fprintf(out, "Throughput: %d PUTs a round, median of %d rounds\n", n, rounds)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "in flight\tplain net/http\tbatch client\tratio\t")
	for _, concurrency := range []int{16, 32, 64} {
		plain, batch, ratio, err := compare(ctx, b, concurrency, n)
		if err != nil {
			return err
		}
		fmt.Fprintf(table, "%d\t%.0f/s\t%.0f/s\t%.2f\t\n", concurrency, plain, batch, ratio)
	}
	return table.Flush()
}

// compare measures both ways in turn; the ratio is the median of the rounds'.
func compare(ctx context.Context, b *backend, concurrency, n int) (plain, batch, ratio float64, err error) {
	httpClient, err := plainClient(b, concurrency)
	if err != nil {
		return 0, 0, 0, err
	}
	defer httpClient.CloseIdleConnections()
	client, err := hsadmin.New(hsadmin.Config{BaseURL: b.URL, Credentials: b.credentials(), MaxConnections: concurrency})
	if err != nil {
		return 0, 0, 0, err
	}
	defer client.Close()
	batches := hsadmin.NewBatchClient(client, hsadmin.BatchConfig{InitialConcurrency: concurrency, MaxConcurrency: concurrency})
	var plains, rates, ratios []float64
	for round := range rounds + 1 {
		p, err := sendPlain(ctx, httpClient, b.URL, concurrency, n)
		if err != nil {
			return 0, 0, 0, err
		}
		r, err := sendBatch(ctx, batches, n)
		if err != nil {
			return 0, 0, 0, err
		}
		if round > 0 { // the first warms up
			plains, rates, ratios = append(plains, p), append(rates, r), append(ratios, r/p)
		}
	}
	return median(plains), median(rates), median(ratios), nil
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

func plainClient(b *backend, concurrency int) (*http.Client, error) {
	pair, err := tls.LoadX509KeyPair(b.Cert, b.Key)
	if err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(b.CA)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}, RootCAs: pool},
		MaxConnsPerHost: concurrency, MaxIdleConnsPerHost: concurrency,
	}}, nil
}

// sendPlain is the loop that one would write by hand.
func sendPlain(ctx context.Context, client *http.Client, url string, concurrency, n int) (float64, error) {
	var failed atomic.Int64
	var senders sync.WaitGroup
	requests := make(chan hsadmin.Request, concurrency)
	begin := time.Now()
	for range concurrency {
		senders.Go(func() {
			for req := range requests {
				if sendOne(ctx, client, url, req) != nil {
					failed.Add(1)
				}
			}
		})
	}
	for req := range puts(n, false) {
		requests <- req
	}
	close(requests)
	senders.Wait()
	if failed.Load() > 0 {
		return 0, fmt.Errorf("plain: %d of %d failed", failed.Load(), n)
	}
	return float64(n) / time.Since(begin).Seconds(), nil
}

func sendOne(ctx context.Context, client *http.Client, url string, req hsadmin.Request) error {
	out, err := http.NewRequestWithContext(ctx, req.Method, url+req.Path, strings.NewReader(req.Body))
	if err != nil {
		return err
	}
	out.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(out)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusNoContent {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	return nil
}

func sendBatch(ctx context.Context, client *hsadmin.BatchClient, n int) (float64, error) {
	begin, failed := time.Now(), 0
	for outcome := range client.Stream(ctx, puts(n, false)) {
		if outcome.State != hsadmin.Succeeded {
			failed++
		}
	}
	if failed > 0 {
		return 0, fmt.Errorf("batch: %d of %d failed", failed, n)
	}
	return float64(n) / time.Since(begin).Seconds(), nil
}
