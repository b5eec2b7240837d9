package wire_test

import (
	"context"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/hexplane/hexplane/internal/sqldb"
	pb "github.com/hexplane/hexplane/management/managementpb"
)

// callers is how many clients ask at the same time.
const callers = 32

// BenchmarkDemeterCreateProject measures CreateProject through gRPC, with
// idempotency keys, audit and outbox, beside the bare transaction of two rows on
// a database of the same kind in the same run.
func BenchmarkDemeterCreateProject(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		benchmarkCreateProject(b, nil, sqldb.Config{Path: filepath.Join(b.TempDir(), "bare.db")})
	})
}

func benchmarkCreateProject(b *testing.B, env environment, bare sqldb.Config) {
	b.Helper()
	s := start(b, env, b.TempDir())
	accounts := someAccounts(b, s)
	bareRate := bareTransactions(b, bare)
	emptyRate := emptyCalls(b, s)
	b.ResetTimer()
	begun := time.Now()
	took := createProjects(b, s, accounts)
	rate := float64(b.N) / time.Since(begun).Seconds()
	b.StopTimer()
	b.ReportMetric(rate, "projects/s")
	b.ReportMetric(bareRate, "bare-tx/s")
	b.ReportMetric(rate/bareRate, "ratio")
	b.ReportMetric(emptyRate, "empty-rpc/s")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	s.stop()
}

// BenchmarkDemeterClusters creates b.N projects through gRPC and measures the time
// until management's state has all of them ready in 20 clusters in memory, over
// an embedded broker.
func BenchmarkDemeterClusters(b *testing.B) {
	clusters := make([]string, 20)
	for i := range clusters {
		clusters[i] = "c" + strconv.Itoa(i)
	}
	dir := b.TempDir()
	s := start(b, environment{"KAFKA_CLIENT": "franz", "HEARTBEAT_INTERVAL": "1s"}, dir, clusters...)
	for _, id := range clusters {
		s.approve(b, id)
	}
	accounts := someAccounts(b, s)
	state, err := sqldb.Open(b.Context(), sqldb.Config{Path: filepath.Join(dir, "management", "state.db")})
	require.NoError(b, err)
	defer state.Close()
	b.ResetTimer()
	createProjects(b, s, accounts)
	created := b.Elapsed()
	want := len(clusters) * (b.N + len(accounts))
	require.Eventually(b, func() bool {
		ready, err := state.Reader.NewSelect().Table("statuses").Where("phase = 'ready'").Count(b.Context())
		require.NoError(b, err)
		return int(ready) == want
	}, 10*time.Minute, 100*time.Millisecond)
	b.StopTimer()
	b.ReportMetric(created.Seconds(), "s-created")
	b.ReportMetric(b.Elapsed().Seconds(), "s-all-ready")
	b.ReportMetric(float64(want)/b.Elapsed().Seconds(), "namespaces/s")
	s.stop()
}

// someAccounts creates as many accounts as b.N projects need.
func someAccounts(b *testing.B, s *system) []string {
	b.Helper()
	const inEach = 50 // of the 100 projects that an account may have
	accounts := make([]string, 1+b.N/inEach)
	for i := range accounts {
		accounts[i] = s.createAccount(b, "bench "+strconv.Itoa(i)).GetAccountId()
	}
	return accounts
}

// createProjects creates b.N projects and returns how long each took, sorted.
func createProjects(b *testing.B, s *system, accounts []string) []time.Duration {
	b.Helper()
	client := pb.NewProjectServiceClient(s.conn)
	return spread(b, b.N, func(i int) error {
		name := "p" + strconv.Itoa(i)
		_, err := client.CreateProject(s.ctx, &pb.CreateProjectRequest{
			AccountId: accounts[i%len(accounts)], Name: name, IdempotencyKey: name,
		})
		return err
	})
}

// spread runs n calls on all callers and returns their durations, sorted.
func spread(b *testing.B, n int, call func(i int) error) []time.Duration {
	b.Helper()
	took := make([]time.Duration, n)
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var workers sync.WaitGroup
	for range callers {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				begun := time.Now()
				if err := call(i); err != nil {
					failed.Store(&err)
				}
				took[i] = time.Since(begun)
			}
		})
	}
	workers.Wait()
	if err := failed.Load(); err != nil {
		require.NoError(b, *err)
	}
	slices.Sort(took)
	return took
}

// emptyCalls returns how many calls that do nothing the server answers in a second.
func emptyCalls(b *testing.B, s *system) float64 {
	b.Helper()
	client := healthpb.NewHealthClient(s.conn)
	const n = 10000
	begun := time.Now()
	spread(b, n, func(int) error {
		_, err := client.Check(s.ctx, &healthpb.HealthCheckRequest{})
		return err
	})
	return n / time.Since(begun).Seconds()
}

type bareRow struct {
	bun.BaseModel `bun:"table:bare"`

	ID   string `bun:"id,pk"`
	Data string `bun:"data"`
}

// bareTransactions returns how many transactions of two rows the database takes
// in a second from as many goroutines.
func bareTransactions(b *testing.B, cfg sqldb.Config) float64 {
	b.Helper()
	db, err := sqldb.Open(b.Context(), cfg)
	require.NoError(b, err)
	defer db.Close()
	_, err = db.ExecContext(b.Context(), `CREATE TABLE bare (id TEXT PRIMARY KEY, data TEXT NOT NULL)`)
	require.NoError(b, err)
	const n = 5000
	begun := time.Now()
	spread(b, n, func(i int) error {
		return db.Write(b.Context(), func(ctx context.Context, tx bun.Tx) error {
			for _, part := range []string{"a", "b"} {
				row := &bareRow{ID: part + strconv.Itoa(i), Data: "the data of a row"}
				if _, err := tx.NewInsert().Model(row).Exec(ctx); err != nil {
					return err
				}
			}
			return nil
		})
	})
	return n / time.Since(begun).Seconds()
}
