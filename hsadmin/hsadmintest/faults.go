package hsadmintest

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rule says which requests meet a fault. Zero fields restrict nothing.
type Rule struct {
	// Method and Operation are compared with the request's, the operation as in
	// [Call].
	Method, Operation string
	// When, if set, must hold as well.
	When func(*http.Request) bool
	// Probability is how likely a matching request meets the fault. 0 means always.
	Probability float64
	// Times is how many requests meet the fault until the rule ends. 0 means all.
	Times int
	// Fault is what they meet.
	Fault Fault
}

// Fault is what goes wrong with a request. Latency may stand with each of the
// others, of which the first that is set counts: Hang, Reset, Truncate, Status.
type Fault struct {
	// Latency delays whatever happens.
	Latency time.Duration
	// Hang answers nothing until the client goes away.
	Hang bool
	// Reset cuts the connection without an answer.
	Reset bool
	// Truncate cuts the connection in the middle of the answer's body.
	Truncate bool
	// Status is answered instead, with Retry-After when it is 429 or 503.
	Status int
	// RetryAfter is that header's value, in whole seconds rounded up.
	RetryAfter time.Duration
	// AfterEffect lets the request take effect before the fault strikes, as when
	// an answer is lost on its way. Otherwise it has none.
	AfterEffect bool
}

// String names the fault, as in [Call].
func (f Fault) String() string {
	switch {
	case f.Hang:
		return "hang"
	case f.Reset:
		return "reset"
	case f.Truncate:
		return "truncate"
	case f.Status != 0:
		return fmt.Sprintf("status %d", f.Status)
	case f.Latency != 0:
		return "latency"
	}
	return ""
}

// faults are the rules in force and the throttle.
type faults struct {
	mu       sync.Mutex
	rules    []*activeRule
	random   *rand.Rand
	throttle *rate.Limiter
}

type activeRule struct {
	Rule
	met int
}

func newFaults(seed uint64) *faults {
	// Faults must be the same in every run of a test, not unpredictable.
	return &faults{random: rand.New(rand.NewPCG(seed, seed))}
}

// Inject puts a rule in force, after those that are. A request meets the fault
// of the first rule that applies to it. The result ends the rule.
func (b *Backend) Inject(rule Rule) (remove func()) {
	active := &activeRule{Rule: rule}
	b.faults.mu.Lock()
	defer b.faults.mu.Unlock()
	b.faults.rules = append(b.faults.rules, active)
	return func() {
		b.faults.mu.Lock()
		defer b.faults.mu.Unlock()
		b.faults.rules = slices.DeleteFunc(b.faults.rules, func(r *activeRule) bool { return r == active })
	}
}

// Throttle answers 429 to what comes faster than a token bucket of the given
// rate per second and burst lets through. A rate of 0 ends throttling.
func (b *Backend) Throttle(perSecond float64, burst int) {
	b.faults.mu.Lock()
	defer b.faults.mu.Unlock()
	b.faults.throttle = nil
	if perSecond > 0 {
		b.faults.throttle = rate.NewLimiter(rate.Limit(perSecond), burst)
	}
}

// Heal ends every rule and throttling.
func (b *Backend) Heal() {
	b.Throttle(0, 0)
	b.faults.mu.Lock()
	defer b.faults.mu.Unlock()
	b.faults.rules = nil
}

// meet is the fault that a request meets, if any.
func (f *faults) meet(r *http.Request, operation string) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, rule := range f.rules {
		if !rule.applies(r, operation) || (rule.Probability > 0 && f.random.Float64() >= rule.Probability) {
			continue
		}
		if rule.met++; rule.met == rule.Times {
			f.rules = slices.Delete(f.rules, i, i+1)
		}
		return rule.Fault, true
	}
	if f.throttle != nil && !f.throttle.Allow() {
		return Fault{Status: http.StatusTooManyRequests, RetryAfter: time.Second}, true
	}
	return Fault{}, false
}

func (r *activeRule) applies(req *http.Request, operation string) bool {
	return (r.Method == "" || r.Method == req.Method) &&
		(r.Operation == "" || r.Operation == operation) &&
		(r.When == nil || r.When(req))
}
