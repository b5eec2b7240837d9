// Command rsclient keeps RouterSecure's own view of accounts, users and devices,
// works out the configuration of each device, and tells rsadaptor of it. It runs
// the system and account parts of a full sync.
package main

import (
	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/services/rsclient/wire"
)

func main() { service.Main(wire.App()) }
