//go:build integration

package wire_test

import (
	"bufio"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// keeper lets fabricd through its gate, but for one boundary at which it is held.
type keeper struct {
	listener net.Listener
	held     chan *visit

	mu     sync.Mutex
	armed  bool
	passed int // boundaries since the gate was armed
	holdAt int
}

// visit is fabricd at a boundary, waiting.
type visit struct {
	net.Conn

	boundary string
}

func newKeeper(tb testing.TB) *keeper {
	tb.Helper()
	listener, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	k := &keeper{listener: listener, held: make(chan *visit, 1)}
	var doors sync.WaitGroup
	doors.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			doors.Go(func() { k.receive(conn) })
		}
	})
	tb.Cleanup(func() {
		_ = listener.Close()
		doors.Wait()
	})
	return k
}

// holdNext has fabricd held at the n-th boundary of the next creation, which
// begins with the record of the project.
func (k *keeper) holdNext(n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.armed, k.passed, k.holdAt = false, 0, n
}

func (k *keeper) receive(conn net.Conn) {
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		_ = conn.Close()
		return
	}
	if boundary := strings.TrimSpace(line); k.holds(boundary) {
		k.held <- &visit{conn, boundary}
		return
	}
	_ = conn.Close()
}

func (k *keeper) holds(boundary string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.holdAt == 0 {
		return false
	}
	k.armed = k.armed || strings.HasPrefix(boundary, "before create ConfigMap")
	if k.armed {
		k.passed++
	}
	if !k.armed || k.passed != k.holdAt {
		return false
	}
	k.holdAt = 0
	return true
}

// await waits until fabricd is held.
func (k *keeper) await(tb testing.TB) *visit {
	tb.Helper()
	select {
	case v := <-k.held:
		return v
	case <-time.After(patience):
		require.FailNow(tb, "fabricd did not come to the boundary")
		return nil
	}
}
