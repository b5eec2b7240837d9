package wire_test

import (
	"net/http"
	"strings"
	"sync"
)

// gate stands before the backend and can hold calls back.
type gate struct {
	next http.Handler

	mu     sync.Mutex
	held   map[string]chan struct{} // by part of a path
	waits  map[string]int
	refuse map[string]int // status by part of a path
}

func newGate(next http.Handler) *gate {
	return &gate{next: next, held: map[string]chan struct{}{}, waits: map[string]int{}, refuse: map[string]int{}}
}

// hold keeps calls to a path waiting until release.
func (g *gate) hold(path string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held[path] = make(chan struct{})
}

// waiting tells how many calls have come to a held path.
func (g *gate) waiting(path string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.waits[path]
}

// release lets calls to a path through.
func (g *gate) release(path string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.held[path])
	delete(g.held, path)
}

// open lets everything through.
func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for path, c := range g.held {
		close(c)
		delete(g.held, path)
	}
}

// answer makes calls to a path end with a status; 0 ends that.
func (g *gate) answer(path string, status int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.refuse[path] = status
}

// ServeHTTP implements http.Handler.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	held, status := g.look(r.URL.Path)
	if held != nil {
		<-held
	}
	if status != 0 {
		http.Error(w, `{"code":"refused","message":"no"}`, status)
		return
	}
	g.next.ServeHTTP(w, r)
}

func (g *gate) look(path string) (chan struct{}, int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for part, status := range g.refuse {
		if strings.Contains(path, part) && status != 0 {
			return nil, status
		}
	}
	for part, c := range g.held {
		if strings.Contains(path, part) {
			g.waits[part]++
			return c, 0
		}
	}
	return nil, 0
}
