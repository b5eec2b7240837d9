package main

import (
	"bytes"
	"net"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/internal/fullsync/input"
)

func generated(t *testing.T, households int, seed uint64) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, generate(&out, households, seed))
	return out.String()
}

func TestTheCheckedInHouseholdsAreWhatThisGeneratorMakes(t *testing.T) {
	checkedIn, err := os.ReadFile("../households.ndjson")
	require.NoError(t, err)
	assert.Equal(t, string(checkedIn), generated(t, 400, 1), "run make generate")
}

func TestALargerInputBeginsWithTheSmaller(t *testing.T) {
	assert.True(t, strings.HasPrefix(generated(t, 50, 1), generated(t, 20, 1)))
	assert.NotEqual(t, generated(t, 20, 1), generated(t, 20, 2))
}

// What every reader of the input relies on.
func TestEveryHouseholdIsUsable(t *testing.T) {
	const households = 3000
	hostname := regexp.MustCompile(`^[A-Za-z0-9.-]*$`)
	macs := map[string]bool{}
	count := 0
	for line, err := range input.Read(strings.NewReader(generated(t, households, 1))) {
		require.NoError(t, err)
		if line.Household == nil {
			continue
		}
		count++
		require.NotEmpty(t, line.Household.Devices)
		assert.True(t, line.Household.Devices[0].IsRouter())
		for _, device := range line.Household.Devices {
			hw, err := net.ParseMAC(device.MAC)
			require.NoError(t, err)
			assert.Zero(t, hw[0]&0b11, "%s is not a maker's own unicast address", device.MAC)
			assert.False(t, macs[device.MAC], "%s twice", device.MAC)
			macs[device.MAC] = true
			assert.Regexp(t, hostname, device.Hostname)
		}
	}
	assert.Equal(t, households, count)
}
