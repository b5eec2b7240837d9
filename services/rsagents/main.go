// Command rsagents keeps the packages of the router agent and which of them is the
// default for each target, and tells rsadaptor and rsclient of them. It runs the
// agent package part of a full sync.
package main

import (
	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/services/rsagents/wire"
)

func main() { service.Main(wire.App()) }
