// Command gatewayisp is the only public door: it knows the internet providers by
// their keys, and hands each request on to the service that answers it, on behalf of
// that provider.
package main

import (
	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/services/gatewayisp/wire"
)

func main() { service.Main(wire.App()) }
