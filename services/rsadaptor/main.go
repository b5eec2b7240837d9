// Command rsadaptor turns RouterSecure events into documents of the HomeSecure
// backend, writes them there, and answers those that ask for it.
package main

import (
	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/services/rsadaptor/wire"
)

func main() { service.Main(wire.App()) }
