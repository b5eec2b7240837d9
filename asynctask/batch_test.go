package asynctask_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/asynctask/memstore"
)

// scales is a store that weighs the payloads of every batch.
type scales struct {
	asynctask.Store
	batches int
	most    int // bytes at once
}

func (s *scales) weigh(recs []asynctask.Record) {
	bytes := 0
	for _, r := range recs {
		bytes += len(r.Payload)
	}
	s.batches, s.most = s.batches+1, max(s.most, bytes)
}

func (s *scales) InsertRequests(ctx context.Context, taskID, step string, recs []asynctask.Record) ([]asynctask.Record, error) {
	s.weigh(recs)
	return s.Store.InsertRequests(ctx, taskID, step, recs)
}

func (s *scales) Admit(ctx context.Context, a asynctask.Admission) ([]asynctask.Record, bool, error) {
	recs, waiting, err := s.Store.Admit(ctx, a)
	s.weigh(recs)
	return recs, waiting, err
}

func (s *scales) ClaimRequests(ctx context.Context, c asynctask.Claim) ([]asynctask.Record, error) {
	recs, err := s.Store.ClaimRequests(ctx, c)
	s.weigh(recs)
	return recs, err
}

func TestBatchesAreBoundedByTheirPayloadsToo(t *testing.T) {
	d := steps(0)
	d.Steps[0].Requests = asynctask.Fixed(sized(900, 900, 10, 10, 900, 10, 900, 900)...)
	d.Steps[0].Timeout, d.Steps[0].Retry = time.Hour, asynctask.Retry{Attempts: 2}
	w := newWorld(t, asynctask.Config{}, d)
	heavy := &scales{Store: memstore.New()}
	w.store = heavy
	w.Manager = w.manager(asynctask.Config{Batch: 100, BatchBytes: 1000}, d)
	w.start("T")
	assert.Len(t, w.requests(), 8)
	assert.LessOrEqual(t, heavy.most, 2000)
	assert.Less(t, heavy.batches, 20)
	w.clock.Advance(time.Hour)
	w.sweep()
	assert.Len(t, w.requests(), 8, "again")
	assert.LessOrEqual(t, heavy.most, 2000)
}
