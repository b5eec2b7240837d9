package main

import (
	"testing"

	"github.com/hexplane/hexplane/internal/service/servicetest"
)

func TestMain(m *testing.M) { servicetest.Main(m, main) }

func TestBinary(t *testing.T) {
	servicetest.Smoke(t, "fabricd", "KUBECONFIG", "CLUSTER_ID", "TAKEOVER")
}
