package hsadmintest

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Server serves a handler over HTTPS on a free port of the loopback interface,
// with an authority of its own.
type Server struct {
	*Authority
	// URL is the server's root, without a slash at the end.
	URL string

	server *http.Server
	done   sync.WaitGroup
}

// Serve starts a server; [Server.Close] ends it.
func Serve(handler http.Handler) (*Server, error) {
	authority, err := NewAuthority()
	if err != nil {
		return nil, err
	}
	config, err := authority.ServerTLS("127.0.0.1")
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("hsadmintest: %w", err)
	}
	s := &Server{
		Authority: authority, URL: "https://" + listener.Addr().String(),
		// Clients that are refused or cut off are what tests are about, and
		// nothing to log.
		server: &http.Server{Handler: handler, TLSConfig: config, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)},
	}
	s.done.Go(func() { _ = s.server.ServeTLS(listener, "", "") })
	return s, nil
}

// Close ends the server and every connection.
func (s *Server) Close() {
	// Closing a listener that is closed already is no failure.
	_ = s.server.Close()
	s.done.Wait()
}
