package job

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/hexplane/hexplane/internal/fullsync/compare"
	"github.com/hexplane/hexplane/internal/fullsync/expect"
	"github.com/hexplane/hexplane/internal/fullsync/input"
)

// Documents are a backend's, by ISP, kind and id.
type Documents = map[string]map[string]map[string]json.RawMessage

// shownDifferences is how many differences a report lists.
const shownDifferences = 10

// expected gives every document that the input demands to use.
func (r *run) expected(ctx context.Context, use func(expect.Document)) error {
	ignore := func(error) {} // reported while it was loaded, and again at the end
	return r.households(ignore, func(line input.Line, provider *input.Provider) error {
		docs, err := r.demandsOf(ctx, line, provider)
		if err != nil {
			return err
		}
		for _, doc := range docs {
			use(doc)
		}
		return nil
	})
}

func (r *run) demandsOf(ctx context.Context, line input.Line, provider *input.Provider) ([]expect.Document, error) {
	if line.Household != nil {
		return expect.Household(provider, line.Household)
	}
	registered, err := r.Gateways[provider.ISPID].CreatedAt(ctx, provider)
	if err != nil {
		return nil, err
	}
	return expect.Provider(provider, registered)
}

// compare holds the backend's documents against the input's demands.
func (r *run) compare(ctx context.Context) (compare.Result, error) {
	actual := map[compare.Place][]byte{}
	for isp, kinds := range r.Backend.Documents() {
		for kind, docs := range kinds {
			for id, doc := range docs {
				actual[compare.Place{ISPID: isp, Kind: kind, ID: id}] = doc
			}
		}
	}
	comparison := compare.New(actual, shownDifferences)
	if err := r.expected(ctx, comparison.Expect); err != nil {
		return compare.Result{}, err
	}
	return comparison.Finish(), nil
}

// arrived waits until the backend holds as many documents of every kind as the input
// demands.
func (r *run) arrived(ctx context.Context) error {
	r.demands = map[string]int{}
	err := r.expected(ctx, func(doc expect.Document) { r.demands[doc.Kind]++ })
	if err != nil {
		return err
	}
	return r.await(ctx, "provisioning arrives in the backend", func() (bool, string, error) {
		counts := map[string]int{}
		for kind := range r.demands {
			counts[kind] = r.Backend.Count(kind)
		}
		return maps.Equal(counts, r.demands), fmt.Sprint(counts), nil
	})
}

// settle waits until provisioning has nothing left to write: the backend holds every
// document that the input demands, as the input demands it, and every event has been
// consumed. Only then can nothing that comes later be taken for the sync's work.
func (r *run) settle(ctx context.Context) error {
	started := time.Now()
	var last compare.Result
	err := r.await(ctx, "provisioning settles", func() (bool, string, error) {
		var err error
		if last, err = r.compare(ctx); err != nil {
			return false, "", err
		}
		idle := false
		if last.Identical() {
			if idle, err = r.Idle(ctx); err != nil {
				return false, "", err
			}
		}
		return idle, fmt.Sprint(last.Total(), idle), nil
	})
	if err != nil {
		printTable(r.Out, last)
		return err
	}
	r.sayf("provisioning has settled after another %s: %d documents, all identical, no event left to consume",
		time.Since(started).Round(time.Millisecond), last.Total().Applied)
	return nil
}

// await calls check until it says done. It gives up when the text that check returns
// about the state of things does not change for as long as Patience allows.
func (r *run) await(ctx context.Context, what string, check func() (bool, string, error)) error {
	ticker := time.NewTicker(r.Poll)
	defer ticker.Stop()
	before, since := "", time.Now()
	for {
		done, now, err := check()
		if err != nil || done {
			return err
		}
		if now != before {
			before, since = now, time.Now()
		}
		if time.Since(since) > r.Patience {
			return fmt.Errorf("%w for %s while %s: %s", ErrStalled, r.Patience, what, now)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}
