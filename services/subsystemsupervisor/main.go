// Command subsystemsupervisor knows which products each account uses.
package main

import (
	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/services/subsystemsupervisor/wire"
)

func main() { service.Main(wire.App()) }
