package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"iter"
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
// machine. Many short rounds say more than few long ones: what disturbs a round does
// not move the median.
const rounds = 11

func measureThroughput(ctx context.Context, out io.Writer, self string, n int) error {
	b, err := start(ctx, self)
	if err != nil {
		return err
	}
	defer func() { _ = b.stop() }()
	fmt.Fprintf(out, "Throughput: %d PUTs a round, median of %d rounds\n", n, rounds)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "in flight\tplain net/http\tbatch client\tratio\tclient's CPU, plain\tbatch\t")
	for _, concurrency := range []int{16, 32, 64} {
		plain, batch, err := compare(ctx, b, concurrency, n)
		if err != nil {
			return err
		}
		fmt.Fprintf(table, "%d\t%.0f/s\t%.0f/s\t%.2f\t%.1f µs\t%.1f µs\t\n", concurrency,
			plain.rate(), batch.rate(), ratio(plain, batch), plain.cpu(), batch.cpu())
	}
	return table.Flush()
}

// sample is one round of one way.
type sample struct {
	rate float64 // per second
	cpu  float64 // microseconds of this process's processor time per PUT
}

type samples []sample

func (s samples) rate() float64 { return s.median(func(one sample) float64 { return one.rate }) }
func (s samples) cpu() float64  { return s.median(func(one sample) float64 { return one.cpu }) }

func (s samples) median(of func(sample) float64) float64 {
	values := make([]float64, len(s))
	for i, one := range s {
		values[i] = of(one)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// ratio is the median of the rounds' ratios, each of two neighbors in time.
func ratio(plain, batch samples) float64 {
	ratios := make(samples, len(plain))
	for i := range plain {
		ratios[i].rate = batch[i].rate / plain[i].rate
	}
	return ratios.rate()
}

// compare measures both ways in turn.
func compare(ctx context.Context, b *backend, concurrency, n int) (plain, batch samples, err error) {
	httpClient, err := plainClient(b, concurrency)
	if err != nil {
		return nil, nil, err
	}
	defer httpClient.CloseIdleConnections()
	client, err := hsadmin.New(hsadmin.Config{BaseURL: b.URL, Credentials: b.credentials(), MaxConnections: concurrency})
	if err != nil {
		return nil, nil, err
	}
	defer client.Close()
	batches := hsadmin.NewBatchClient(client, hsadmin.BatchConfig{InitialConcurrency: concurrency, MaxConcurrency: concurrency})
	ready := prepared(n)
	for round := range rounds + 1 {
		p, err := timed(n, func() error { return sendPlain(ctx, httpClient, b.URL, concurrency, puts(ready, n)) })
		if err != nil {
			return nil, nil, err
		}
		r, err := timed(n, func() error { return sendBatch(ctx, batches, puts(ready, n)) })
		if err != nil {
			return nil, nil, err
		}
		if round > 0 { // the first warms up
			plain, batch = append(plain, p), append(batch, r)
		}
	}
	return plain, batch, nil
}

func timed(n int, send func() error) (sample, error) {
	begin, used := time.Now(), cpu()
	err := send()
	return sample{
		rate: float64(n) / time.Since(begin).Seconds(),
		cpu:  float64((cpu() - used).Nanoseconds()) / 1e3 / float64(n),
	}, err
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
func sendPlain(ctx context.Context, client *http.Client, url string, concurrency int, all iter.Seq[hsadmin.Request]) error {
	var failed atomic.Int64
	var senders sync.WaitGroup
	requests := make(chan hsadmin.Request, concurrency)
	for range concurrency {
		senders.Go(func() {
			for req := range requests {
				if sendOne(ctx, client, url, req) != nil {
					failed.Add(1)
				}
			}
		})
	}
	for req := range all {
		requests <- req
	}
	close(requests)
	senders.Wait()
	if failed.Load() > 0 {
		return fmt.Errorf("plain: %d failed", failed.Load())
	}
	return nil
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

func sendBatch(ctx context.Context, client *hsadmin.BatchClient, all iter.Seq[hsadmin.Request]) error {
	failed := 0
	for outcome := range client.Stream(ctx, all) {
		if outcome.State != hsadmin.Succeeded {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("batch: %d failed", failed)
	}
	return nil
}
