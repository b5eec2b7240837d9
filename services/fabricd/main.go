// Command fabricd is the daemon that runs once per cluster: it creates what
// management asks for on demeter-event-topic (namespaces with their baseline, and
// ports), keeps it so, and reports on demeter-state-topic what exists.
//
// With KUBECONFIG unset it keeps a cluster in memory, which starts empty and asks
// management for a snapshot.
package main

import (
	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/services/fabricd/wire"
)

func main() { service.Main(wire.App()) }
