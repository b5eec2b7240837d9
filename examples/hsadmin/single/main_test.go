package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/hsadmin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSingle(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out, hsadmin.Config{}))
	assert.Equal(t, `the backend is ok
create: done
create again: it exists
put: done
bad document: invalid DeviceConfiguration: action: oneof=block unblock reboot upgrade; device.mac: mac48
`, out.String())
}
