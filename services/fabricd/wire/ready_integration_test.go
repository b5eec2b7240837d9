//go:build integration

package wire_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	pb "github.com/hexplane/hexplane/management/managementpb"
)

// BenchmarkDemeterReady creates b.N projects by gRPC at 20 per second, whether or
// not the earlier ones are done, and measures each from the call of CreateProject
// until WatchProject tells that the namespace is ready in the cluster. Run it with
// -benchtime=600x or more.
func BenchmarkDemeterReady(b *testing.B) {
	const perSecond = 20
	s := newStage(b)
	account := s.createAccount("bench").GetAccountId()
	s.awaitReady(s.createProject(account, "first").GetProjectId())
	b.Run("20 per second", func(b *testing.B) {
		// The servers have just been started: they are slower in their first seconds.
		s.createEvery(b, account, "warm", time.Second/perSecond, 10*perSecond)
		b.ResetTimer()
		begun := time.Now()
		took := s.createEvery(b, account, "p", time.Second/perSecond, b.N)
		lasted := time.Since(begun)
		slices.Sort(took)
		b.ReportMetric(float64(b.N)/lasted.Seconds(), "projects/s")
		b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
		b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "max-ms")
	})
	s.stop()
}

// createEvery begins to create a project at each interval, whether the ones before are
// ready or not, and returns how long each took to be.
func (s *stage) createEvery(b *testing.B, account, prefix string, interval time.Duration, n int) []time.Duration {
	b.Helper()
	took := make([]time.Duration, n)
	errs := make([]error, n)
	var calls sync.WaitGroup
	due := time.NewTicker(interval)
	defer due.Stop()
	for i := range n {
		calls.Go(func() {
			start := time.Now()
			errs[i] = s.createAndWatch(account, fmt.Sprintf("%s%d of %d", prefix, i, n))
			took[i] = time.Since(start)
		})
		<-due.C
	}
	calls.Wait()
	for _, err := range errs {
		require.NoError(b, err)
	}
	return took
}

// createAndWatch creates a project and returns when it is ready.
func (s *stage) createAndWatch(account, name string) error {
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	client := pb.NewProjectServiceClient(s.conn)
	created, err := client.CreateProject(ctx, &pb.CreateProjectRequest{AccountId: account, Name: name, IdempotencyKey: name})
	if err != nil {
		return err
	}
	stream, err := client.WatchProject(ctx, &pb.WatchProjectRequest{ProjectId: created.GetProject().GetProjectId()})
	if err != nil {
		return err
	}
	for {
		told, err := stream.Recv()
		if err != nil {
			return err
		}
		if told.GetProject().GetClusters()["paris"].GetPhase() == "ready" {
			return nil
		}
	}
}
