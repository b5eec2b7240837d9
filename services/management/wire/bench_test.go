package wire_test

import (
	"context"
	"path/filepath"
	"runtime/debug"
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
	"github.com/hexplane/hexplane/services/management/wire"
)

// callers is how many clients ask at the same time, where nothing else is said.
const callers = 32

// BenchmarkDemeterCreateProject measures CreateProject through gRPC, with
// idempotency keys, audit and outbox, beside the bare transaction of two rows from
// as many goroutines on a database of the same kind.
func BenchmarkDemeterCreateProject(b *testing.B) {
	benchmarkCreateProject(b, "sqlite", func(b *testing.B) (environment, sqldb.Config) {
		b.Helper()
		return nil, sqldb.Config{Path: filepath.Join(b.TempDir(), "bare.db")}
	})
}

// benchmarkCreateProject takes turns with the bare transaction, in rounds, because
// the machine is not the same at all times: the figures are medians of the rounds,
// and the ratio has its least and greatest beside it.
func benchmarkCreateProject(b *testing.B, name string, databases func(*testing.B) (environment, sqldb.Config)) {
	b.Helper()
	for _, clients := range []int{callers, 4 * callers, 16 * callers} {
		b.Run(name+"/callers="+strconv.Itoa(clients), func(b *testing.B) {
			env, bare := databases(b)
			compareWithBare(b, env, bare, clients)
		})
	}
}

func compareWithBare(b *testing.B, env environment, bare sqldb.Config, clients int) {
	b.Helper()
	const rounds = 5
	defer debug.SetGCPercent(debug.SetGCPercent(wire.App().GCPercent)) // for both sides
	s := start(b, env, b.TempDir())
	accounts := someAccounts(b, s)
	transactions := openBare(b, bare)
	var rates, bareRates, ratios []float64
	var took []time.Duration
	each := (b.N + rounds - 1) / rounds
	b.ResetTimer()
	for round := range rounds {
		b.StopTimer()
		bareRate := rate(spread(b, clients, round*each, each, transactions))
		b.StartTimer()
		durations, wall := createProjects(b, s, accounts, clients, round*each, each)
		rates, bareRates = append(rates, float64(each)/wall.Seconds()), append(bareRates, bareRate)
		ratios = append(ratios, rates[round]/bareRate)
		took = append(took, durations...)
	}
	b.StopTimer()
	slices.Sort(ratios)
	slices.Sort(took)
	b.ReportMetric(median(rates), "projects/s")
	b.ReportMetric(median(bareRates), "bare-tx/s")
	b.ReportMetric(ratios[rounds/2], "ratio")
	b.ReportMetric(ratios[0], "ratio-min")
	b.ReportMetric(ratios[rounds-1], "ratio-max")
	b.ReportMetric(rate(emptyCalls(b, s, clients)), "empty-rpc/s")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	s.stop()
}

func rate(took []time.Duration, wall time.Duration) float64 {
	return float64(len(took)) / wall.Seconds()
}

func median(values []float64) float64 {
	return slices.Sorted(slices.Values(values))[len(values)/2]
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
	createProjects(b, s, accounts, callers, 0, b.N)
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

// createProjects creates n projects, numbered from first.
func createProjects(b *testing.B, s *system, accounts []string, clients, first, n int) ([]time.Duration, time.Duration) {
	b.Helper()
	client := pb.NewProjectServiceClient(s.conn)
	return spread(b, clients, first, n, func(i int) error {
		name := "p" + strconv.Itoa(i)
		_, err := client.CreateProject(s.ctx, &pb.CreateProjectRequest{
			AccountId: accounts[i%len(accounts)], Name: name, IdempotencyKey: name,
		})
		return err
	})
}

// spread runs n calls, numbered from first, on so many clients. It returns how long
// each took, and all of them together.
func spread(b *testing.B, clients, first, n int, call func(i int) error) (took []time.Duration, wall time.Duration) {
	b.Helper()
	took = make([]time.Duration, n)
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var workers sync.WaitGroup
	started := time.Now()
	for range clients {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				begun := time.Now()
				if err := call(first + i); err != nil {
					failed.Store(&err)
				}
				took[i] = time.Since(begun)
			}
		})
	}
	workers.Wait()
	wall = time.Since(started)
	if err := failed.Load(); err != nil {
		require.NoError(b, *err)
	}
	return took, wall
}

// emptyCalls makes calls that do nothing.
func emptyCalls(b *testing.B, s *system, clients int) ([]time.Duration, time.Duration) {
	b.Helper()
	client := healthpb.NewHealthClient(s.conn)
	return spread(b, clients, 0, 10000, func(int) error {
		_, err := client.Check(s.ctx, &healthpb.HealthCheckRequest{})
		return err
	})
}

type bareRow struct {
	bun.BaseModel `bun:"table:bare"`

	ID   string `bun:"id,pk"`
	Data string `bun:"data"`
}

// openBare returns a transaction of two rows.
func openBare(b *testing.B, cfg sqldb.Config) func(i int) error {
	b.Helper()
	db, err := sqldb.Open(b.Context(), cfg)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, db.Close()) })
	_, err = db.ExecContext(b.Context(), `CREATE TABLE bare (id TEXT PRIMARY KEY, data TEXT NOT NULL)`)
	require.NoError(b, err)
	return func(i int) error {
		return db.Write(b.Context(), func(ctx context.Context, tx bun.Tx) error {
			for _, part := range []string{"a", "b"} {
				row := &bareRow{ID: part + strconv.Itoa(i), Data: "the data of a row"}
				if _, err := tx.NewInsert().Model(row).Exec(ctx); err != nil {
					return err
				}
			}
			return nil
		})
	}
}
