// Command management serves Demeter's accounts, projects, ports and clusters over
// gRPC (demeter.management.v1).
//
// It publishes what should exist on demeter-event-topic, keyed by project, and
// reads what does exist from demeter-state-topic. Its state lies in DATABASE_URL
// (PostgreSQL) or in SQLite; accounts and projects also in the old Demeter
// database, DEMETER_DATABASE_URL or an embedded stand-in.
package main

import (
	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/services/management/wire"
)

func main() { service.Main(wire.App()) }
