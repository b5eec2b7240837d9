package fabric

import (
	"context"
	"sync"
	"time"
)

// queue holds the ids of projects to look at, each once, and when.
type queue struct {
	mu   sync.Mutex
	due  map[string]time.Time
	wake chan struct{}
}

func newQueue() *queue {
	return &queue{due: map[string]time.Time{}, wake: make(chan struct{}, 1)}
}

// add asks for a project to be looked at after a while; the soonest wish counts.
func (q *queue) add(id string, after time.Duration) {
	at := time.Now().Add(after)
	q.mu.Lock()
	defer q.mu.Unlock()
	if due, ok := q.due[id]; ok && !at.Before(due) {
		return
	}
	q.due[id] = at
	q.poke()
}

func (q *queue) poke() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// next waits for a project that is due and takes it. It returns false when the
// context ends.
func (q *queue) next(ctx context.Context) (string, bool) {
	for {
		id, sleep := q.take()
		if id != "" {
			return id, true
		}
		timer := time.NewTimer(sleep)
		select {
		case <-ctx.Done():
			timer.Stop()
			return "", false
		case <-q.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// take takes a due project, or tells how long to wait for one.
func (q *queue) take() (string, time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	sleep, now := time.Hour, time.Now()
	for id, at := range q.due {
		if !at.After(now) {
			delete(q.due, id)
			if len(q.due) > 0 {
				q.poke() // another worker may take the next
			}
			return id, 0
		}
		sleep = min(sleep, at.Sub(now))
	}
	return "", sleep
}
