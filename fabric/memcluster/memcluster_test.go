package memcluster_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/fabric/fabrictest"
	"github.com/hexplane/hexplane/fabric/memcluster"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newEnv(*testing.T) fabrictest.Env {
	c := memcluster.New(memcluster.Config{PortKinds: []string{"http"}})
	return fabrictest.Env{Cluster: c, Outsider: c, PortKind: "http"}
}

func TestCluster(t *testing.T) { fabrictest.RunCluster(t, newEnv) }

func TestDaemon(t *testing.T) { fabrictest.RunDaemon(t, newEnv) }
