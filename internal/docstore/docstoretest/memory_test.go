package docstoretest_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/docstore/docstoretest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemory(t *testing.T) {
	docstoretest.Run(t, func(_ testing.TB, now func() time.Time) docstore.Backend {
		return docstoretest.NewMemoryAt(now)
	})
}
