package memstore_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/asynctask/asynctasktest"
	"github.com/hexplane/hexplane/asynctask/memstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStore(t *testing.T) {
	asynctasktest.TestStore(t, func(*testing.T) asynctask.Store { return memstore.New() })
}
