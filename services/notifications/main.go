// Command notifications keeps what customers are told of their devices, for whoever
// shows it to them.
package main

import (
	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/services/notifications/wire"
)

func main() { service.Main(wire.App()) }
