package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/hexplane/hexplane/hsadmin"
)

// measureFaults sends to a backend of which a fifth of the answers are 503, 429,
// resets or 1 s late.
func measureFaults(ctx context.Context, out io.Writer, self string, n int) error {
	b, err := start(ctx, self)
	if err != nil {
		return err
	}
	defer func() { _ = b.stop() }()
	if _, err := ask(ctx, http.MethodPost, b.Control+"/faults"); err != nil {
		return err
	}
	fmt.Fprintf(out, "A fifth of the answers 503, 429, resets or 1 s late: %d PUTs\n", n)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "in flight\tsucceeded\tfailed\trequests\tmost by the budget\trate\t")
	seen := 0
	for _, concurrency := range [][2]int{{4, 64}, {64, 64}} {
		line, total, err := sendThroughFaults(ctx, b, concurrency, n, seen)
		if err != nil {
			return err
		}
		seen = total
		fmt.Fprintln(table, line)
	}
	return table.Flush()
}

func sendThroughFaults(
	ctx context.Context, b *backend, concurrency [2]int, n, seen int,
) (line string, total int, err error) {
	const ratio, burst = 0.5, 100
	client, err := hsadmin.New(hsadmin.Config{
		BaseURL: b.URL, Credentials: b.credentials(),
		Retry: hsadmin.RetryConfig{BudgetRatio: ratio, BudgetBurst: burst, BaseDelay: 10 * time.Millisecond},
	})
	if err != nil {
		return "", 0, err
	}
	defer client.Close()
	batches := hsadmin.NewBatchClient(client, hsadmin.BatchConfig{MinConcurrency: concurrency[0], MaxConcurrency: concurrency[1]})
	outcomes := make([]int, n)
	states := map[hsadmin.State]int{}
	ready := prepared(n)
	begin := time.Now()
	for outcome := range batches.Stream(ctx, puts(ready, n)) {
		outcomes[outcome.Index]++
		states[outcome.State]++
	}
	took := time.Since(begin)
	for i, times := range outcomes {
		if times != 1 {
			return "", 0, fmt.Errorf("input %d has %d outcomes", i, times)
		}
	}
	answer, err := ask(ctx, http.MethodGet, b.Control+"/calls")
	if err != nil {
		return "", 0, err
	}
	total, err = strconv.Atoi(answer)
	if err != nil {
		return "", 0, err
	}
	most := n + burst + int(ratio*float64(n))
	if total-seen > most {
		return "", 0, fmt.Errorf("%d requests where the budget allows %d", total-seen, most)
	}
	return fmt.Sprintf("%d to %d\t%d\t%d\t%d\t%d\t%.0f/s\t", concurrency[0], concurrency[1],
		states[hsadmin.Succeeded], states[hsadmin.Failed], total-seen, most, float64(n)/took.Seconds()), total, nil
}

func ask(ctx context.Context, method, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}
