//go:build integration

package main

import (
	"testing"

	"github.com/hexplane/hexplane/internal/realservers"
)

func TestKilledServiceOnMongoDBLosesNoEvent(t *testing.T) {
	testKills(t, "MONGODB_URI="+realservers.MongoDatabase(t))
}
