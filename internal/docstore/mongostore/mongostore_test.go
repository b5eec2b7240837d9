package mongostore_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/internal/docstore/mongostore"
)

// asChild makes the test binary the process that a test kills.
const asChild = "MONGOSTORE_TEST_CHILD"

// child is set by the tests against a server.
var child func()

func TestMain(m *testing.M) {
	if os.Getenv(asChild) != "" {
		child()
		return
	}
	goleak.VerifyTestMain(m)
}

func TestOpenSaysWhatIsWrongAndNoSecret(t *testing.T) {
	tests := map[string]struct{ uri, want string }{
		"not a URI":  {"sesame", "not a valid MongoDB URI"},
		"bad option": {"mongodb://u:sesame@127.0.0.1:1/?maxPoolSize=many", "not a valid MongoDB URI"},
		"no server":  {"mongodb://u:sesame@127.0.0.1:1/?serverSelectionTimeoutMS=20", "no primary answers"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := mongostore.Open(t.Context(), tt.uri, mongostore.Config{Prefix: "p"})
			require.ErrorContains(t, err, tt.want)
			require.NotContains(t, err.Error(), "sesame")
		})
	}
}
