package crashtest

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/asynctask/sqlstore"
	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/franzbus"
	"github.com/hexplane/hexplane/internal/embedkafka"
)

// The environment of a child process.
const (
	envRole   = "CRASHTEST_ROLE" // broker or worker
	envDir    = "CRASHTEST_DIR"
	envPort   = "CRASHTEST_PORT"
	envLeaves = "CRASHTEST_LEAVES"
	envName   = "CRASHTEST_NAME"
)

const leavesPerBulk = 100

func TestMain(m *testing.M) {
	role := os.Getenv(envRole)
	if role == "" {
		os.Exit(m.Run())
	}
	port, err := strconv.Atoi(os.Getenv(envPort))
	if err == nil {
		err = play(role, os.Getenv(envDir), port)
	}
	slog.Error("child ends", "role", role, "err", err)
	os.Exit(1)
}

// play is a child process; it ends by being killed.
func play(role, dir string, port int) error {
	if role == "broker" {
		_, err := embedkafka.Start(embedkafka.Config{Dir: filepath.Join(dir, "kafka"), Port: port})
		if err != nil {
			return err
		}
		select {}
	}
	return work(context.Background(), dir, port)
}

// definitions are a tree of three levels: a root, its bulks, their leaves.
func definitions(leaves int) []asynctask.Definition {
	return []asynctask.Definition{
		{Type: "Root", Steps: []asynctask.Step{{
			Name: "bulks", ReplyTopic: "replies", ReplyEvents: []string{"BulkReply"}, Window: 20,
			Requests: requests(leaves/leavesPerBulk, asynctask.Request{Topic: "bulks", EventType: "Bulk"}),
		}}},
		{Type: "Bulk", ReplyEvent: "BulkReply", Steps: []asynctask.Step{{
			Name: "leaves", ReplyTopic: "replies", ReplyEvents: []string{"LeafReply"},
			Requests: requests(leavesPerBulk, asynctask.Request{Topic: "leaves", EventType: "Leaf"}),
		}}},
	}
}

func requests(n int, r asynctask.Request) func(context.Context, asynctask.Task) iter.Seq2[asynctask.Request, error] {
	return func(context.Context, asynctask.Task) iter.Seq2[asynctask.Request, error] {
		return func(yield func(asynctask.Request, error) bool) {
			for range n {
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

func openStore(ctx context.Context, dir string) (*sqlstore.Store, func() error, error) {
	db, err := sqlstore.OpenSQLite(filepath.Join(dir, "tasks.db"), false)
	if err != nil {
		return nil, nil, err
	}
	s, err := sqlstore.New(ctx, db)
	return s, db.Close, err
}

// openEffects opens the append-only log of effects, keyed by request id.
func openEffects(ctx context.Context, dir string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "effects.db")+
		"?_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	_, err = db.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS effects (n INTEGER PRIMARY KEY, request_id TEXT NOT NULL UNIQUE)")
	return db, err
}

// work is a worker: manager, consumer of everything, and the leaves' effect.
func work(ctx context.Context, dir string, port int) error {
	leaves, err := strconv.Atoi(os.Getenv(envLeaves))
	if err != nil {
		return err
	}
	store, _, err := openStore(ctx, dir)
	if err != nil {
		return err
	}
	effects, err := openEffects(ctx, dir)
	if err != nil {
		return err
	}
	producer, consumer, err := clients(port)
	for errors.Is(err, eventbus.ErrUnreachable) { // the broker may still be starting
		<-time.After(50 * time.Millisecond)
		producer, consumer, err = clients(port)
	}
	if err != nil {
		return err
	}
	m, err := asynctask.NewManager(store, producer, asynctask.Config{}, definitions(leaves)...)
	if err != nil {
		return err
	}
	if err := register(consumer, m, producer, effects); err != nil {
		return err
	}
	return m.Run(ctx)
}

func clients(port int) (*eventbus.Producer, *eventbus.Consumer, error) {
	factory := eventbus.NewFactory(franzbus.New(franzbus.Config{
		Brokers: []string{fmt.Sprintf("127.0.0.1:%d", port)}, Partitions: 4, ConnectTimeout: time.Minute,
		// A worker that comes back under its name has its partitions at once; one
		// that does not is replaced when its session ends.
		Options:        []kgo.Opt{kgo.InstanceID(os.Getenv(envName)), kgo.HeartbeatInterval(time.Second)},
		SessionTimeout: 6 * time.Second,
	}), eventbus.FactoryConfig{Consumer: eventbus.ConsumerConfig{
		// The broker may be away for a while; nothing is a dead letter for that.
		Failure: eventbus.FailurePolicy{Attempts: 10_000, MaxBackoff: 500 * time.Millisecond},
	}})
	producer, err := factory.Producer(eventbus.ClientDefault)
	if err != nil {
		return nil, nil, err
	}
	consumer, err := factory.Consumer("workers", eventbus.ClientDefault)
	return producer, consumer, err
}

func register(c *eventbus.Consumer, m *asynctask.Manager, out eventbus.Publisher, effects *sql.DB) error {
	mux := eventbus.NewMux()
	err := errors.Join(
		mux.On("Bulk", m.Starter("Bulk")),
		mux.On("BulkReply", m.Replies()),
		mux.On("LeafReply", m.Replies()),
		mux.On("Leaf", eventbus.CallbackFunc(func(ctx context.Context, msg *eventbus.Message) error {
			return leaf(ctx, msg, out, effects)
		})))
	if err != nil {
		return err
	}
	return c.Register(
		eventbus.Registry{Topic: "bulks", Callback: mux},
		eventbus.Registry{Topic: "leaves", Callback: mux},
		eventbus.Registry{Topic: "replies", Callback: mux})
}

// leaf has its effect once, whatever how often it is asked, and answers.
func leaf(ctx context.Context, msg *eventbus.Message, out eventbus.Publisher, effects *sql.DB) error {
	var h struct {
		RequestID  string `json:"request_id"`
		JobID      string `json:"job_id"`
		ReplyTopic string `json:"reply_topic"`
	}
	if err := json.Unmarshal(msg.Payload, &h); err != nil {
		return eventbus.Permanent(err)
	}
	if _, err := effects.ExecContext(ctx, "INSERT INTO effects (request_id) VALUES (?) ON CONFLICT DO NOTHING", h.RequestID); err != nil {
		return err
	}
	answer, err := eventbus.NewMessage(h.ReplyTopic, "LeafReply", h.RequestID,
		asynctask.Reply{RequestID: h.RequestID, JobID: h.JobID, Status: asynctask.StatusOK})
	if err != nil {
		return err
	}
	return out.Publish(ctx, answer)
}
