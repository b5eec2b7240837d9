package eventbustest_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/franzbus"
	"github.com/hexplane/hexplane/eventbus/kafkabus"
	"github.com/hexplane/hexplane/internal/embedkafka"
)

var crashRounds = flag.Int("crash.rounds", 5, "how often a consumer is killed, or restarted, in the crash tests")

const (
	crashTopic      = "crash"
	crashKeys       = 40
	crashPartitions = 6
	crashWindow     = 32
	crashSession    = time.Second // so that a death is noticed soon
	crashDrain      = 5 * time.Second
	crashPatience   = 10 * time.Second       // where nobody dies, and a busy machine must not look like it
	childEnv        = "EVENTBUS_CRASH_CHILD" // adapter, broker, file and session timeout of a child process
)

// TestMain is the consumer when this binary was started as one.
func TestMain(m *testing.M) {
	if child := os.Getenv(childEnv); child != "" {
		parts := strings.Split(child, " ")
		if err := consumeIntoFile(parts[0], parts[1], parts[2], parts[3]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func crashTransport(adapter, broker string, session time.Duration) eventbus.Transport {
	if adapter == "franzbus" {
		return franzbus.New(franzbus.Config{Brokers: []string{broker}, SessionTimeout: session})
	}
	return kafkabus.New(kafkabus.Config{Brokers: []string{broker}, Sarama: func(c *sarama.Config) {
		c.Consumer.Group.Session.Timeout, c.Consumer.Group.Heartbeat.Interval = session, session/5
	}})
}

// consumeIntoFile is the child: its effect is one line per message, which
// survives its death. It ends gracefully when it is interrupted.
func consumeIntoFile(adapter, broker, path, session string) error {
	patience, err := time.ParseDuration(session)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	consumer, err := eventbus.NewConsumer(crashTransport(adapter, broker, patience), eventbus.ConsumerConfig{
		Group: "crash", Window: crashWindow, CommitInterval: 100 * time.Millisecond, DrainTimeout: crashDrain,
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	err = consumer.Register(eventbus.Registry{Topic: crashTopic, Callback: eventbus.CallbackFunc(
		func(_ context.Context, msg *eventbus.Message) error {
			_, err := fmt.Fprintf(file, "%s %s\n", msg.Key, msg.Payload)
			return err
		})})
	if err != nil {
		return err
	}
	<-interrupted
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return consumer.Close(ctx)
}

func TestCrash(t *testing.T) {
	for _, adapter := range []string{"kafkabus", "franzbus"} {
		t.Run(adapter+"/killed", func(t *testing.T) {
			t.Parallel()
			seen := crash(t, adapter, crashSession, func(c *exec.Cmd) {
				_ = c.Process.Kill()
				_ = c.Wait()
			})
			t.Logf("%d kills: %d messages, %d duplicates", *crashRounds, seen.effects, seen.duplicates)
			require.LessOrEqual(t, seen.duplicates, *crashRounds*crashPartitions*crashWindow)
		})
		t.Run(adapter+"/restarted", func(t *testing.T) {
			t.Parallel()
			seen := crash(t, adapter, crashPatience, func(c *exec.Cmd) {
				_ = c.Process.Signal(os.Interrupt)
				require.NoError(t, c.Wait(), "a graceful end")
			})
			t.Logf("%d restarts: %d messages", *crashRounds, seen.effects)
			require.Zero(t, seen.duplicates)
		})
	}
}

// crash runs three consumers of a group and a producer, and ends and restarts
// one of the consumers, round after round.
func crash(t *testing.T, adapter string, session time.Duration, end func(*exec.Cmd)) effects {
	embedded, err := embedkafka.Start(embedkafka.Config{Partitions: crashPartitions, MinSession: crashSession / 2})
	require.NoError(t, err)
	t.Cleanup(embedded.Close)
	broker := embedded.Addrs()[0]
	path := filepath.Join(t.TempDir(), "effects")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	start := func() *exec.Cmd {
		cmd := exec.Command(os.Args[0]) // ourselves; ended below
		cmd.Env = append(os.Environ(), childEnv+"="+strings.Join([]string{adapter, broker, path, session.String()}, " "))
		cmd.Stderr = os.Stderr
		require.NoError(t, cmd.Start())
		return cmd
	}
	children := []*exec.Cmd{start(), start(), start()}
	defer func() {
		for _, c := range children {
			_ = c.Process.Signal(syscall.SIGKILL)
			_ = c.Wait()
		}
	}()
	published := produceUntil(t, adapter, broker)
	for range *crashRounds {
		before := read(t, path).effects
		require.Eventually(t, func() bool { return read(t, path).effects > before+5*crashKeys }, 2*time.Minute, 20*time.Millisecond)
		i := rand.IntN(len(children)) // any will do
		end(children[i])
		children[i] = start()
	}
	each := published()
	require.Eventually(t, func() bool { return read(t, path).effects >= crashKeys*each }, 2*time.Minute, 50*time.Millisecond,
		"every message's effect is seen")
	seen := read(t, path)
	require.Zero(t, seen.outOfOrder, "order per key is kept")
	return seen
}

// produceUntil publishes number after number for every key, until its result is
// called, which returns how many.
func produceUntil(t *testing.T, adapter, broker string) func() int {
	producer, err := eventbus.NewProducer(crashTransport(adapter, broker, crashSession), eventbus.ProducerConfig{})
	require.NoError(t, err)
	var stop atomic.Bool
	ended := make(chan int, 1)
	go func() {
		n := 0
		for ; !stop.Load(); n++ {
			msgs := make([]*eventbus.Message, crashKeys)
			for k := range msgs {
				msgs[k], _ = eventbus.NewMessage(crashTopic, "Crashed", fmt.Sprint("key-", k), n)
			}
			if err := producer.Publish(context.Background(), msgs...); err != nil {
				t.Errorf("publish: %v", err)
				break
			}
			<-time.After(20 * time.Millisecond)
		}
		ended <- n
	}()
	return func() int {
		stop.Store(true)
		n := <-ended
		require.NoError(t, producer.Close())
		return n
	}
}

// effects is what the file tells.
type effects struct {
	effects    int // distinct messages
	duplicates int
	outOfOrder int
}

func read(t *testing.T, path string) effects {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	var e effects
	next := make(map[string]int)
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var key string
		var n int
		if _, err := fmt.Sscan(lines.Text(), &key, &n); err != nil {
			continue // half a line, of a message that comes again
		}
		switch {
		case n == next[key]:
			next[key]++
			e.effects++
		case n < next[key]:
			e.duplicates++
		default:
			e.outOfOrder++
		}
	}
	return e
}
