// Command accounts keeps accounts, their users and their devices.
//
// It answers /accounts and below, publishes what changed on as-rs-provision-topic,
// follows commands and device activity from the routers, and deletes devices that
// were inactive for too long, in the background or once, as
// "accounts device-deletion-job".
package main

import (
	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/services/accounts/wire"
)

func main() { service.Main(wire.App()) }
