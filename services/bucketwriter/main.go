// Command bucketwriter keeps visited pages in a bucket, for reporting.
package main

import (
	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/services/bucketwriter/wire"
)

func main() { service.Main(wire.App()) }
