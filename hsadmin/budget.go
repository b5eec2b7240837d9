package hsadmin

import "sync/atomic"

// budget bounds the retries of all calls of a client together, so that a backend
// in trouble meets little more load than a sound one. Each call earns a part of
// a retry, each retry spends a whole one (the retry budget of Finagle).
type budget struct {
	// balance is in thousandths of a retry.
	balance   atomic.Int64
	earned    int64
	most      int64
	unlimited bool
}

const wholeRetry = 1000

func newBudget(ratio float64, burst int) *budget {
	b := &budget{earned: int64(ratio * wholeRetry), most: int64(burst) * wholeRetry, unlimited: ratio < 0}
	b.balance.Store(b.most)
	return b
}

func (b *budget) earn() {
	if b.unlimited {
		return
	}
	for {
		now := b.balance.Load()
		if now >= b.most || b.balance.CompareAndSwap(now, min(now+b.earned, b.most)) {
			return
		}
	}
}

func (b *budget) spend() bool {
	if b.unlimited {
		return true
	}
	for {
		now := b.balance.Load()
		if now < wholeRetry {
			return false
		}
		if b.balance.CompareAndSwap(now, now-wholeRetry) {
			return true
		}
	}
}
