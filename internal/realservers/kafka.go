package realservers

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

//go:embed pom.xml
var pom string

var kafkaVersion = regexp.MustCompile(`<kafka.version>(.+)</kafka.version>`)

// kafkaCluster is the id every test cluster has; each has folders of its own.
const kafkaCluster = "aGV4cGxhbmUtdGVzdHMtMQ"

// KafkaBrokers is an Apache Kafka cluster of this test, in KRaft combined mode.
type KafkaBrokers struct {
	libs    string
	secure  *KafkaSecurity // nil without a secure listener
	brokers []*kafkaBroker
}

type kafkaBroker struct {
	config string // its properties file
	log    string
	addr   string
	secure string    // the address of the secure listener
	cmd    *exec.Cmd // nil while it does not run
}

// Kafka starts an Apache Kafka cluster, of one broker or, for failover, three,
// and stops it when the test ends. Topics get as many replicas as there are
// brokers, and four partitions. See install-kafka.sh.
func Kafka(t testing.TB, brokers int) *KafkaBrokers {
	t.Helper()
	return startKafka(t, brokers, nil)
}

func startKafka(t testing.TB, brokers int, secure *KafkaSecurity) *KafkaBrokers {
	t.Helper()
	k := &KafkaBrokers{libs: kafkaLibs(t), secure: secure}
	voters := make([]string, brokers)
	controllers := make([]int, brokers)
	for i := range brokers {
		controllers[i] = freePort(t)
		voters[i] = fmt.Sprintf("%d@127.0.0.1:%d", i+1, controllers[i])
	}
	for i := range brokers {
		b := newKafkaBroker(t, i+1, controllers[i], strings.Join(voters, ","), brokers, secure)
		k.brokers = append(k.brokers, b)
		format := append([]string{"format", "-t", kafkaCluster, "-c", b.config}, secure.users()...)
		k.java(t, b, "kafka.tools.StorageTool", format...)
	}
	t.Cleanup(func() {
		for i := range k.brokers {
			k.Kill(i)
		}
	})
	for i := range brokers {
		k.Start(t, i)
	}
	k.Ready(t)
	return k
}

// kafkaLibs returns the folder of Kafka's jars.
func kafkaLibs(t testing.TB) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	found := kafkaVersion.FindStringSubmatch(pom)
	require.Len(t, found, 2, "pom.xml names no version")
	libs := filepath.Join(cache, "hexplane", "kafka-"+found[1])
	require.FileExists(t, filepath.Join(libs, "complete"), "no Apache Kafka here: run internal/realservers/install-kafka.sh")
	_, err = exec.LookPath("java")
	require.NoError(t, err, "no Java here: install a Java 17 runtime, such as Debian's openjdk-17-jre-headless")
	return libs
}

func newKafkaBroker(t testing.TB, id, controller int, voters string, brokers int, secure *KafkaSecurity) *kafkaBroker {
	t.Helper()
	dir := dataDir(t)
	b := &kafkaBroker{
		config: filepath.Join(dir, "server.properties"), log: filepath.Join(dir, "broker.log"),
		addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(freePort(t))),
	}
	var listener string
	if secure != nil {
		b.secure = net.JoinHostPort("127.0.0.1", strconv.Itoa(freePort(t)))
		listener = ",SECURE://" + b.secure
	}
	properties := strings.NewReplacer(
		"{secure}", listener,
		"{id}", strconv.Itoa(id), "{addr}", b.addr, "{controller}", strconv.Itoa(controller), "{voters}", voters,
		"{data}", filepath.Join(dir, "data"), "{replicas}", strconv.Itoa(brokers), "{insync}", strconv.Itoa(min(2, brokers)),
	).Replace(kafkaProperties) + secure.properties(t, dir)
	require.NoError(t, os.WriteFile(b.config, []byte(properties), 0o600))
	return b
}

const kafkaProperties = `process.roles=broker,controller
node.id={id}
controller.quorum.voters={voters}
listeners=PLAINTEXT://{addr}{secure},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://{addr}{secure}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL,CONTROLLER:PLAINTEXT
log.dirs={data}
num.partitions=4
default.replication.factor={replicas}
min.insync.replicas={insync}
offsets.topic.replication.factor={replicas}
offsets.topic.num.partitions=8
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr={insync}
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=6000
`

// Addrs returns the addresses of all brokers.
func (k *KafkaBrokers) Addrs() []string {
	addrs := make([]string, len(k.brokers))
	for i, b := range k.brokers {
		addrs[i] = b.addr
	}
	return addrs
}

// Start starts broker i, from 0, again on its data.
func (k *KafkaBrokers) Start(t testing.TB, i int) {
	t.Helper()
	b := k.brokers[i]
	logs, err := os.OpenFile(b.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	defer logs.Close()
	cmd := exec.Command("java", "-Xmx400m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", //nolint:gosec,noctx // ended by Kill
		"-cp", filepath.Join(k.libs, "*"), "kafka.Kafka", b.config)
	cmd.Stdout, cmd.Stderr = logs, logs
	require.NoError(t, cmd.Start())
	b.cmd = cmd
}

// Kill ends broker i as a power cut would, if it runs.
func (k *KafkaBrokers) Kill(i int) {
	b := k.brokers[i]
	if b.cmd == nil {
		return
	}
	_ = b.cmd.Process.Kill()
	_ = b.cmd.Wait()
	b.cmd = nil
}

// Ready waits until every broker that was started accepts connections.
func (k *KafkaBrokers) Ready(t testing.TB) {
	t.Helper()
	for _, b := range k.brokers {
		if b.cmd == nil {
			continue
		}
		require.Eventually(t, func() bool {
			conn, err := new(net.Dialer).DialContext(context.Background(), "tcp", cmp.Or(b.secure, b.addr))
			if err == nil {
				_ = conn.Close()
			}
			return err == nil
		}, 2*time.Minute, 100*time.Millisecond, "Apache Kafka does not answer; see %s", b.log)
	}
}

func (k *KafkaBrokers) java(t testing.TB, b *kafkaBroker, class string, args ...string) {
	t.Helper()
	cmd := exec.Command("java", append([]string{"-cp", filepath.Join(k.libs, "*"), class}, args...)...) //nolint:gosec,noctx // waited for
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s: %s", b.config, out)
}
