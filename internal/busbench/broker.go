package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/twmb/franz-go/pkg/kfake"
)

// broker is the embedded broker in a process of its own, so that what it costs
// does not count as the clients'.
type broker struct {
	addr  string
	cmd   *exec.Cmd
	stdin io.Closer
}

func startBroker() (*broker, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "-serve") //nolint:noctx // ourselves; ended by closing its standard input
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("embedded broker: %w", err)
	}
	return &broker{addr: strings.TrimSpace(line), cmd: cmd, stdin: stdin}, nil
}

func (b *broker) stop() {
	_ = b.stdin.Close()
	_ = b.cmd.Wait()
}

// serveBroker runs until standard input ends, as it does when the parent dies.
func serveBroker() {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.DefaultNumPartitions(partitions))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer cluster.Close()
	fmt.Println(cluster.ListenAddrs()[0])
	_, _ = io.Copy(io.Discard, os.Stdin)
}
