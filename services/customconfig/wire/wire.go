// Package wire composes customconfig.
package wire

import (
	"context"

	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/customconfig/rest"
	"github.com/hexplane/hexplane/services/customconfig/usecase"
)

// Config is what only customconfig reads from its environment: nothing.
type Config struct{}

// App describes the binary.
func App() service.App[Config] {
	return service.App[Config]{
		Name: "customconfig", Summary: "keeps what an internet provider sets for all its accounts",
		HTTPAddr: "127.0.0.1:8082", AdminAddr: "127.0.0.1:9082", New: New,
	}
}

// New wires the service on a platform.
func New(_ context.Context, p *service.Platform, _ Config) (*service.Service, error) {
	docs := docstore.NewCollection[rsevent.ISPConfiguration](p.Docs, "configurations")
	return &service.Service{
		Platform: p,
		Handler:  rest.New(p.Log, usecase.NewConfigurations(docs)),
	}, nil
}
