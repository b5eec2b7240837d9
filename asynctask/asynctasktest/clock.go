// Package asynctasktest proves stores and helps to test tasks: the conformance
// suite that every asynctask.Store passes, and a clock that tests move.
package asynctasktest

import (
	"slices"
	"sync"
	"time"
)

// Clock is an asynctask.Clock that stands still until it is advanced. It is
// safe for concurrent use.
type Clock struct {
	mu     sync.Mutex
	now    time.Time
	alarms []alarm
}

type alarm struct {
	at time.Time
	ch chan time.Time
}

// NewClock returns a clock that shows start, which is later than 1970: to stores
// that instant, as no instant at all, means never.
func NewClock(start time.Time) *Clock { return &Clock{now: start} }

// Now implements asynctask.Clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// After implements asynctask.Clock.
func (c *Clock) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := make(chan time.Time, 1)
	if d <= 0 {
		ch <- c.now
		return ch
	}
	c.alarms = append(c.alarms, alarm{at: c.now.Add(d), ch: ch})
	return ch
}

// Advance moves the clock by d and wakes whoever waits for that. A manager in Run
// waits only while it has nothing to do: call [asynctask.Manager.Sweep] after
// Advance rather than Run beside it.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.alarms = slices.DeleteFunc(c.alarms, func(a alarm) bool {
		if a.at.After(c.now) {
			return false
		}
		a.ch <- c.now
		return true
	})
}
