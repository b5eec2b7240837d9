package hsadmin

import (
	"crypto/sha256"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// pool is a round tripper whose connections all belong to the identity that the
// credential files hold. One goroutine looks after the files until Close.
type pool struct {
	credentials Credentials
	connections int
	log         *slog.Logger
	current     atomic.Pointer[generation]
	print       [sha256.Size]byte
	stop        chan struct{}
	stopped     sync.WaitGroup
	closing     sync.Once
}

func newPool(credentials Credentials, connections int, log *slog.Logger) (*pool, error) {
	id, err := credentials.load([sha256.Size]byte{})
	if err != nil {
		return nil, err
	}
	p := &pool{credentials: credentials, connections: connections, log: log, print: id.print, stop: make(chan struct{})}
	p.current.Store(newGeneration(id, connections))
	interval := credentials.ReloadInterval
	def(&interval, defaultReload)
	if interval > 0 && credentials.CertFile+credentials.CAFile != "" {
		p.stopped.Go(func() { p.watch(interval) })
	}
	return p, nil
}

// RoundTrip sends a request on a connection of the newest identity.
func (p *pool) RoundTrip(req *http.Request) (*http.Response, error) {
	g := p.enter()
	resp, err := g.transport.RoundTrip(req)
	if err != nil {
		g.leave()
		return nil, err
	}
	resp.Body = &leaving{ReadCloser: resp.Body, leave: g.leave}
	return resp, nil
}

func (p *pool) enter() *generation {
	for {
		g := p.current.Load()
		g.users.Add(1)
		if g == p.current.Load() {
			return g
		}
		g.leave()
	}
}

func (p *pool) watch(interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-ticker.C:
			p.reload()
		}
	}
}

func (p *pool) reload() {
	id, err := p.credentials.load(p.print)
	if err != nil {
		p.log.Warn("HS Admin credentials not taken over", slog.Any("error", err))
		return
	}
	if id.config == nil {
		return
	}
	p.print = id.print
	p.current.Swap(newGeneration(id, p.connections)).retire()
	p.log.Info("HS Admin credentials taken over")
}

// Close stops looking after the files and closes connections that no call uses.
func (p *pool) Close() {
	p.closing.Do(func() { close(p.stop) })
	p.stopped.Wait()
	p.current.Load().retire()
}

// generation is the connections of one identity.
type generation struct {
	transport *http.Transport
	users     atomic.Int64
	retired   atomic.Bool
}

const idleTimeout = 90 * time.Second

func newGeneration(id identity, connections int) *generation {
	// HTTP/1.1: for small documents it is faster than HTTP/2 and spreads over
	// the backend's instances.
	return &generation{transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: id.config,
		MaxConnsPerHost: connections, MaxIdleConnsPerHost: connections,
		IdleConnTimeout: idleTimeout, TLSHandshakeTimeout: 10 * time.Second,
		DisableCompression: true,
	}}
}

// retire closes the idle connections now and the others when they become idle.
func (g *generation) retire() {
	g.retired.Store(true)
	g.transport.CloseIdleConnections()
}

// leave is called when a call no longer needs the generation. The last one to
// leave a retired generation closes what became idle since.
func (g *generation) leave() {
	if g.users.Add(-1) == 0 && g.retired.Load() {
		g.transport.CloseIdleConnections()
	}
}

// leaving is a body that leaves its generation when closed.
type leaving struct {
	io.ReadCloser
	leave func()
	once  sync.Once
}

func (l *leaving) Close() error {
	err := l.ReadCloser.Close()
	l.once.Do(l.leave)
	return err
}
