package realservers

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Mongo returns the URI of a server that speaks MongoDB's wire protocol: that of
// MONGODB_URI if it is set, such as a real replica set, else mongo-java-server,
// started for the test. See install-mongo.sh.
func Mongo(t testing.TB) string {
	t.Helper()
	if uri := os.Getenv("MONGODB_URI"); uri != "" {
		return uri
	}
	_, here, _, ok := runtime.Caller(0)
	require.True(t, ok)
	dir := filepath.Dir(here)
	jars := filepath.Join(dir, "..", "..", ".cache", "mongo-java-server")
	require.DirExists(t, jars, "run internal/realservers/install-mongo.sh")
	port := freePort(t)
	cmd := exec.Command("java", "-cp", filepath.Join(jars, "*"), filepath.Join(dir, "mongo", "Mongo.java"), strconv.Itoa(port)) //nolint:gosec,noctx // our own arguments; killed by the cleanup
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	require.Eventually(t, func() bool {
		conn, err := new(net.Dialer).DialContext(context.Background(), "tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, time.Minute, 100*time.Millisecond, "mongo-java-server does not answer")
	return "mongodb://" + address
}

// MongoDatabase is Mongo with a fresh database in the URI, which is dropped when the test
// ends. It takes the place of one in MONGODB_URI: say there in which database users are,
// with authSource.
func MongoDatabase(t testing.TB) string {
	t.Helper()
	scheme, rest, _ := strings.Cut(Mongo(t), "://")
	hosts, opts, _ := strings.Cut(rest, "?")
	hosts, _, _ = strings.Cut(hosts, "/")
	name := "hexplane_test_" + strconv.FormatInt(time.Now().UnixNano(), 10)
	uri := scheme + "://" + hosts + "/" + name + "?" + opts
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, client.Database(name).Drop(context.Background()))
		assert.NoError(t, client.Disconnect(context.Background()))
	})
	return uri
}
