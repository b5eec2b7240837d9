package eventbus_test

import (
	"log/slog"
	"testing"

	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/eventbus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// order is a payload of the tests.
type order struct {
	ID    string `json:"id" validate:"required"`
	Total int    `json:"total" validate:"gte=0"`
}

var _ eventbus.Publisher = (*eventbus.Producer)(nil)
