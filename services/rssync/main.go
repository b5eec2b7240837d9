// Command rssync runs full syncs: it asks rsagents and rsclient to replay
// everything that an internet provider has set, and shows how far they are.
package main

import (
	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/services/rssync/wire"
)

func main() { service.Main(wire.App()) }
