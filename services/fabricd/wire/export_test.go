package wire

import (
	"net/http"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/fabric"
	"github.com/hexplane/hexplane/internal/service"
)

// Traced is what goes around the transport to the API server.
func Traced(p *service.Platform) func(http.RoundTripper) http.RoundTripper { return traced(p) }

// NewAround is New with something around the driven ports.
func NewAround(p *service.Platform, cfg Config,
	cluster func(fabric.Cluster) fabric.Cluster, events func(eventbus.Publisher) eventbus.Publisher,
) (*service.Service, error) {
	return build(p, cfg, ports{cluster, events})
}
