package hsadmin

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"
)

// Config is what a client is made of. Zero fields take the default named at each.
type Config struct {
	// BaseURL is the realm's root, such as "https://hs.example/isp-1". Required.
	BaseURL string
	// Credentials identify the client and the backend to each other. They are
	// not used when Transport is set.
	Credentials Credentials
	// Transport sends HTTP requests. Default: one made from Credentials.
	Transport http.RoundTripper
	// MaxConnections limits the open connections to the backend. Default 128.
	// It has no effect when Transport is set.
	MaxConnections int

	// Timeout is how long a call may take with all its attempts and waiting.
	// Default 60 s; negative for none but the context's.
	Timeout time.Duration
	// AttemptTimeout is how long one attempt may take. Default 10 s; negative
	// for none.
	AttemptTimeout time.Duration
	// Retry says what is sent again, and when.
	Retry RetryConfig
	// RateLimit is how many attempts may start per second, over all goroutines.
	// Default 0: no limit.
	RateLimit float64
	// RateBurst is how many may start at once under RateLimit. Default 1.
	RateBurst int
	// Breaker says when to stop calling a backend that does not answer.
	Breaker BreakerConfig

	// Log hears of each call that ends: at debug level when it succeeded or found
	// that something exists or does not, which callers often expect, and else at
	// warn level. It hears of each attempt at debug level. Default: silent.
	Log *slog.Logger
	// Hooks hear of attempts and calls, in this order. Each implements one or
	// more of [AttemptHook] and [CallHook].
	Hooks []any
}

// RetryConfig says what is sent again, and when.
type RetryConfig struct {
	// MaxAttempts is how many requests one call may take. Default 6; 1 for no retry.
	MaxAttempts int
	// BaseDelay bounds the first wait; each further bound is twice the last.
	// The wait is random between 0 and its bound. Default 100 ms.
	BaseDelay time.Duration
	// MaxDelay bounds every wait that the backend did not ask for. Default 5 s.
	MaxDelay time.Duration
	// MaxRetryAfter caps a wait that the backend asked for. Default 20 s.
	MaxRetryAfter time.Duration
	// BudgetRatio is how many retries each call earns for all calls together:
	// with 0.5, retries add at most half to the load. Default 0.5; negative for
	// no budget.
	BudgetRatio float64
	// BudgetBurst is how many retries may be made before any are earned, and how
	// many earned ones are kept. Default 100.
	BudgetBurst int
}

// BreakerConfig says when to stop calling a backend that does not answer.
type BreakerConfig struct {
	// Disabled leaves the breaker out.
	Disabled bool
	// FailureRatio opens the breaker when at least this part of the attempts of
	// an interval found the backend unavailable. Default 0.9.
	FailureRatio float64
	// MinAttempts is how many attempts an interval needs to be judged. Default 50.
	MinAttempts int
	// Interval is how long attempts count. Default 10 s.
	Interval time.Duration
	// OpenFor is how long an open breaker lets nothing through. Default 2 s.
	OpenFor time.Duration
}

func (c Config) withDefaults() Config {
	def(&c.MaxConnections, 128)
	def(&c.Timeout, 60*time.Second)
	def(&c.AttemptTimeout, 10*time.Second)
	def(&c.Retry.MaxAttempts, 6)
	def(&c.Retry.BaseDelay, 100*time.Millisecond)
	def(&c.Retry.MaxDelay, 5*time.Second)
	def(&c.Retry.MaxRetryAfter, 20*time.Second)
	def(&c.Retry.BudgetRatio, 0.5)
	def(&c.Retry.BudgetBurst, 100)
	def(&c.RateBurst, 1)
	def(&c.Breaker.FailureRatio, 0.9)
	def(&c.Breaker.MinAttempts, 50)
	def(&c.Breaker.Interval, 10*time.Second)
	def(&c.Breaker.OpenFor, 2*time.Second)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

func def[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (c Config) baseURL() (*url.URL, error) {
	u, err := url.Parse(c.BaseURL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.User != nil || u.RawQuery != "" {
		// The URL itself may hold a credential, so it is not repeated.
		return nil, fmt.Errorf("%w: base URL is not an absolute http or https URL without credentials or query", ErrInvalid)
	}
	return u, nil
}
