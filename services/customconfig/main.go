// Command customconfig keeps what an internet provider sets for all its accounts.
//
// It answers GET and PUT /configuration, and publishes ISPGlobalConfigurationsCreated
// and ISPGlobalConfigurationsUpdated on as-configuration-topic.
package main

import (
	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/services/customconfig/wire"
)

func main() { service.Main(wire.App()) }
