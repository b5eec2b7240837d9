//go:build integration

package mongostore_test

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/hexplane/hexplane/internal/docstore/mongostore"
)

// process is a backend with a client of its own, which can die or stand still before
// any command that it sends.
type process struct {
	*mongostore.Backend

	end func() // disconnects it

	mu   sync.Mutex
	left int    // commands that it sends before it does what then says
	then func() // nil: nothing
	dead bool
}

// begin starts a process on the collections of that prefix.
func begin(t testing.TB, uri, database, prefix string, now func() time.Time) *process {
	t.Helper()
	p := &process{}
	client, err := mongo.Connect(options.Client().ApplyURI(uri).SetDialer(p).SetMonitor(&event.CommandMonitor{
		Started: func(context.Context, *event.CommandStartedEvent) { p.step() },
	}).SetServerSelectionTimeout(20 * time.Millisecond))
	require.NoError(t, err)
	p.end = sync.OnceFunc(func() { assert.NoError(t, client.Disconnect(context.Background())) })
	t.Cleanup(p.end)
	// Selection is that short for the dead, who wait for it.
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		p.Backend, err = mongostore.New(t.Context(), client.Database(database), mongostore.Config{Prefix: prefix, Now: now})
		require.NoError(c, err)
	}, 30*time.Second, time.Millisecond)
	return p
}

// after has fn called before the command that follows n others.
func (p *process) after(n int, fn func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left, p.then = n, fn
}

func (p *process) step() {
	p.mu.Lock()
	fn := p.then
	if p.left--; p.left >= 0 {
		fn = nil
	}
	if fn != nil {
		p.then = nil
	}
	p.mu.Unlock()
	if fn != nil {
		fn()
	}
}

// die cuts the process off: nothing of what it sends from now on reaches the server.
func (p *process) die() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dead = true
}

// DialContext implements options.ContextDialer.
func (p *process) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	return wire{conn, p}, err
}

type wire struct {
	net.Conn
	process *process
}

// Write implements net.Conn.
func (w wire) Write(b []byte) (int, error) {
	w.process.mu.Lock()
	defer w.process.mu.Unlock()
	if w.process.dead {
		return 0, io.ErrClosedPipe
	}
	return w.Conn.Write(b)
}
