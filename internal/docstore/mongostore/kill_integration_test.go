//go:build integration

package mongostore_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/docstore/mongostore"
	"github.com/hexplane/hexplane/internal/realservers"
)

func init() { child = killMyself } //nolint:gochecknoinits // TestMain is shared with the tests that need no server

// life is what the child writes; after each write it publishes.
func life() []docstore.Write {
	return []docstore.Write{
		{Collection: "c", ID: "a", Op: docstore.OpInsert, Data: []byte("1"), Events: event1("1")},
		{Collection: "c", ID: "a", Op: docstore.OpReplace, Version: 1, Data: []byte("2"), Events: append(event1("2a"), event1("2b")...)},
		{Collection: "c", ID: "a", Op: docstore.OpDelete, Version: 2, Events: event1("3")},
	}
}

// birth is when the child claims what it claims.
var birth = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

// killMyself does all of life, and kills the process before a command that the
// environment numbers. It prints what it has done.
func killMyself() {
	ctx := context.Background()
	var left int
	must(fmt.Sscan(os.Getenv("KILL_AT"), &left))
	client, err := mongo.Connect(options.Client().ApplyURI(os.Getenv("URI")).SetMonitor(&event.CommandMonitor{
		Started: func(context.Context, *event.CommandStartedEvent) {
			if left--; left < 0 {
				must(0, syscall.Kill(os.Getpid(), syscall.SIGKILL))
			}
		},
	}))
	must(0, err)
	b, err := mongostore.New(ctx, client.Database(os.Getenv("DATABASE")), mongostore.Config{
		Prefix: os.Getenv("PREFIX"), Now: func() time.Time { return birth },
	})
	must(0, err)
	for i, w := range life() {
		must(b.Write(ctx, w))
		fmt.Fprintln(os.Stdout, "written", i)
		events, err := b.Claim(ctx, time.Minute, 10)
		must(0, err)
		var receipts []string
		for _, e := range events {
			fmt.Fprintln(os.Stdout, "published", string(e.Data))
			receipts = append(receipts, e.Receipt)
		}
		must(0, b.Settle(ctx, receipts, nil))
	}
	fmt.Fprintln(os.Stdout, "end")
}

func must[T any](_ T, err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// TestKilledBetweenAnyTwoCommands kills a whole process before its first command, its
// second, and so on until one lives. What it was told to be written must be there, a
// write that was cut off either whole or not at all, and every event is published.
func TestKilledBetweenAnyTwoCommands(t *testing.T) {
	uri := realservers.Mongo(t)
	db := connect(t, uri)
	for at := 0; ; at++ {
		name := prefix()
		written, published, ended := runChild(t, "KILL_AT="+strconv.Itoa(at), "URI="+uri, "DATABASE="+db.Name(), "PREFIX="+name)

		b, err := mongostore.New(t.Context(), db, mongostore.Config{
			Prefix: name, Now: func() time.Time { return birth.Add(time.Hour) }, // its leases have run out
		})
		require.NoError(t, err)
		published = append(published, publishAll(t, b)...)
		committed := 0
		for i, events := range [][]string{{"1"}, {"1", "2a", "2b"}, {"1", "2a", "2b", "3"}} {
			if assert.ObjectsAreEqual(events, lastCopies(published)) {
				committed = i + 1
			}
		}
		require.True(t, committed > 0 || len(published) == 0, "killed at %d: published %v", at, published)
		require.GreaterOrEqual(t, committed, written, "killed at %d", at)
		require.LessOrEqual(t, committed, written+1, "killed at %d", at)
		rec, err := b.Get(t.Context(), "c", "a")
		if committed == 0 || committed == 3 {
			require.ErrorIs(t, err, docstore.ErrNotFound, "killed at %d", at)
		} else {
			require.NoError(t, err)
			require.EqualValues(t, committed, rec.Version, "killed at %d", at)
		}
		if ended {
			require.Equal(t, 3, committed)
			require.Greater(t, at, 30)
			return
		}
	}
}

func runChild(t *testing.T, environ ...string) (written int, published []string, ended bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(append(os.Environ(), asChild+"=1"), environ...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	for lines := bufio.NewScanner(out); lines.Scan(); {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		switch word {
		case "written":
			written++
		case "published":
			published = append(published, rest)
		case "end":
			ended = true
		}
	}
	err = cmd.Wait()
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	require.True(t, ended || ok && status.Signal() == syscall.SIGKILL, "the child ended by itself: %v", err)
	return written, published, ended
}
