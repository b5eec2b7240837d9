package wire

import (
	"context"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/management"
)

// NewAround is New with something around the driven ports.
func NewAround(ctx context.Context, p *service.Platform, cfg Config,
	state func(management.StateStore) management.StateStore,
	demeter func(management.DemeterStore) management.DemeterStore,
	events func(eventbus.Publisher) eventbus.Publisher,
) (*service.Service, error) {
	return build(ctx, p, cfg, ports{state, demeter, events})
}
