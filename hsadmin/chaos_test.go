package hsadmin_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/hsadmin"
	"github.com/hexplane/hexplane/hsadmin/hsadmintest"
	"github.com/hexplane/hexplane/rsmodels"
)

func TestABackendThatFailsAFifthOfTheTimeGetsEveryDocument(t *testing.T) {
	const documents = 200
	const ratio, burst = 0.6, 100
	backend, client := newBackend(t, func(cfg *hsadmin.Config) {
		cfg.AttemptTimeout = 2 * time.Second
		cfg.Retry.MaxAttempts = 12
		cfg.Retry.BudgetRatio, cfg.Retry.BudgetBurst = ratio, burst
	})
	for _, fault := range []hsadmintest.Fault{{Status: 503}, {Status: 429}, {Reset: true}, {Reset: true, AfterEffect: true}, {Truncate: true}} {
		backend.Inject(hsadmintest.Rule{Probability: 0.04, Fault: fault})
	}
	var puts []hsadmin.Request
	for i := range documents {
		req, err := hsadmin.PutRequest(deviceDocument(t, "dev-"+strconv.Itoa(i)))
		require.NoError(t, err)
		puts = append(puts, req)
	}

	batch := hsadmin.NewBatchClient(client, hsadmin.BatchConfig{MaxConcurrency: 16}).SendAll(t.Context(), puts)

	for i, outcome := range batch.Outcomes {
		assert.Equal(t, i, outcome.Index)
		require.NoError(t, outcome.Err)
	}
	assert.Equal(t, documents, batch.Succeeded)
	assert.Equal(t, documents, backend.Count(rsmodels.KindDevices))
	assert.LessOrEqual(t, backend.CallCount(), documents+burst+int(ratio*documents))
}
