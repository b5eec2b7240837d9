// Package wire composes subsystemsupervisor.
package wire

import (
	"context"

	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/services/subsystemsupervisor/events"
	"github.com/hexplane/hexplane/services/subsystemsupervisor/rest"
	"github.com/hexplane/hexplane/services/subsystemsupervisor/usecase"
)

// Config is what only subsystemsupervisor reads from its environment: nothing.
type Config struct{}

// App describes the binary.
func App() service.App[Config] {
	return service.App[Config]{
		Name: "subsystemsupervisor", Summary: "knows which products each account uses",
		HTTPAddr: "127.0.0.1:8089", AdminAddr: "127.0.0.1:9089", New: New,
	}
}

// New wires the service on a platform.
func New(_ context.Context, p *service.Platform, _ Config) (*service.Service, error) {
	supervisor := usecase.NewSupervisor(p.Docs)
	registries, err := events.Registries(supervisor)
	if err != nil {
		return nil, err
	}
	return &service.Service{
		Platform:  p,
		Handler:   rest.New(p.Log, supervisor),
		Consumers: []service.Consumer{{Group: p.Name, Registries: registries}},
	}, nil
}
