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
	const inEach = 50 // of the 100 that an account may have
	accounts := make([]string, 1+b.N/inEach)
	for i := range accounts {
		accounts[i] = s.createAccount(b, "bench "+strconv.Itoa(i)).GetAccountId()
	}
	client := pb.NewProjectServiceClient(s.conn)
	bareRate := bareTransactions(b, bare)
	b.ResetTimer()
	begun := time.Now()
	took := spread(b, b.N, func(i int) error {
		name := "p" + strconv.Itoa(i)
		_, err := client.CreateProject(s.ctx, &pb.CreateProjectRequest{
			AccountId: accounts[i%len(accounts)], Name: name, IdempotencyKey: name,
		})
		return err
	})
	rate := float64(b.N) / time.Since(begun).Seconds()
	b.StopTimer()
	b.ReportMetric(rate, "projects/s")
	b.ReportMetric(bareRate, "bare-tx/s")
	b.ReportMetric(rate/bareRate, "ratio")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	s.stop()
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
