package rsevent_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

// FuzzValidate decodes arbitrary JSON as any payload and validates it: neither
// may panic, and what is valid must be so again after a round trip.
func FuzzValidate(f *testing.F) {
	catalog := rsevent.Catalog()
	for i, event := range catalog {
		raw, err := json.Marshal(event.Payload)
		require.NoError(f, err)
		f.Add(i, raw)
	}
	good, err := json.Marshal(rsevent.RSDevice{ResolvedDevice: rsevent.ResolvedDevice{Device: device()}})
	require.NoError(f, err)
	f.Add(12, good)
	f.Fuzz(func(t *testing.T, which int, data []byte) {
		event := catalog[uint(which)%uint(len(catalog))]
		payload := reflect.New(reflect.TypeOf(event.Payload)).Interface()
		if json.Unmarshal(data, payload) != nil {
			return
		}
		if err := rsevent.Validate(payload); err != nil {
			require.ErrorIs(t, err, rsevent.ErrInvalid)
			return
		}
		raw, err := json.Marshal(payload)
		require.NoError(t, err)
		again := reflect.New(reflect.TypeOf(event.Payload)).Interface()
		require.NoError(t, json.Unmarshal(raw, again))
		require.NoError(t, rsevent.Validate(again), string(raw))
	})
}
