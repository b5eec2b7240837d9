// Command rsevents turns what the HomeSecure backend reports of routers and devices
// into commands and events of the core: devices to create or change, activity,
// visited pages to keep, and what a customer should be told.
package main

import (
	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/services/rsevents/wire"
)

func main() { service.Main(wire.App()) }
