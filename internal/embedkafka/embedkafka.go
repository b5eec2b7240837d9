// Package embedkafka runs a Kafka-protocol broker inside the process, so that a
// service works with no Kafka installed.
//
// The broker is franz-go's kfake: a single node that speaks the real protocol over
// loopback TCP. With a data folder, records, topics and group offsets survive a
// clean restart and a kill of the process; what a power loss takes depends on
// Config.Sync. It keeps no replicas: it is a default for one machine, not a
// production broker.
//
//	broker, err := embedkafka.Start(embedkafka.Config{Dir: ".data/kafka"})
//	if err != nil {
//		return err
//	}
//	defer broker.Close()
//	client := newKafkaClient(broker.Addrs())
package embedkafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// expireEvery is how often dead group members are looked for.
const expireEvery = 250 * time.Millisecond

// ErrInUse reports a data folder that another live broker holds.
var ErrInUse = errors.New("embedkafka: data folder is in use by another process")

// Config says where the broker listens and what it keeps. The zero value is a broker
// in memory on a free loopback port.
type Config struct {
	Dir        string // data folder, made when absent; empty: in memory
	Port       int    // loopback TCP port; 0: a free one
	Partitions int    // partitions of a topic made on first use; default 4
	Sync       bool   // fsync each batch, so that a power loss takes nothing
	// MinSession is the shortest session timeout that a group member may ask for;
	// default 6 s, as Kafka's.
	MinSession time.Duration
	Log        *slog.Logger // default: nothing is logged
}

// Broker is a running broker. Its methods may be called concurrently.
type Broker struct {
	cluster *kfake.Cluster
	lock    folderLock
	stop    func() // the watch over group members
	close   sync.Once
}

// Start starts a broker and returns once it accepts connections. It returns ErrInUse
// when another broker holds the data folder.
func Start(cfg Config) (*Broker, error) {
	lock, err := lockDir(cfg.Dir)
	if err != nil {
		return nil, err
	}
	cluster, err := kfake.NewCluster(options(cfg)...)
	if err != nil {
		lock.release()
		return nil, fmt.Errorf("embedkafka: start: %w", err)
	}
	stop, err := watch(cluster, cfg.Log)
	if err != nil {
		cluster.Close()
		lock.release()
		return nil, fmt.Errorf("embedkafka: start: %w", err)
	}
	return &Broker{cluster: cluster, lock: lock, stop: stop}, nil
}

// watch ends dead group members until the returned function is called.
func watch(cluster *kfake.Cluster, log *slog.Logger) (stop func(), err error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...))
	if err != nil {
		return nil, err
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	all := newMembers(time.Now)
	ctx, cancel := context.WithCancel(context.Background())
	for _, key := range []kmsg.Key{kmsg.JoinGroup, kmsg.SyncGroup, kmsg.Heartbeat, kmsg.OffsetCommit, kmsg.LeaveGroup} {
		cluster.ControlKey(key.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
			all.observe(req)
			if sync, ok := req.(*kmsg.SyncGroupRequest); ok {
				return all.control(ctx, cluster, sync)
			}
			return nil, nil, false // the broker handles it
		})
	}
	var running sync.WaitGroup
	running.Go(func() { all.expire(ctx, expireEvery, client, log) })
	return func() {
		cancel()
		running.Wait()
		client.Close()
	}, nil
}

// Addrs returns the broker's bootstrap addresses, host:port each.
func (b *Broker) Addrs() []string { return b.cluster.ListenAddrs() }

// Close stops the broker and writes what a clean restart reads. It may be called
// more than once.
func (b *Broker) Close() {
	b.close.Do(func() {
		b.stop()
		b.cluster.Close()
		b.lock.release()
	})
}

func options(cfg Config) []kfake.Opt {
	partitions := cfg.Partitions
	if partitions <= 0 {
		partitions = 4
	}
	opts := []kfake.Opt{
		kfake.NumBrokers(1),
		kfake.Ports(cfg.Port),
		kfake.AllowAutoTopicCreation(),
		kfake.DefaultNumPartitions(partitions),
	}
	if cfg.Dir != "" {
		opts = append(opts, kfake.DataDir(cfg.Dir))
	}
	if cfg.MinSession > 0 {
		opts = append(opts, kfake.GroupMinSessionTimeout(cfg.MinSession))
	}
	if cfg.Sync {
		opts = append(opts, kfake.SyncWrites())
	}
	if cfg.Log != nil {
		opts = append(opts, kfake.WithLogger(logger{cfg.Log}))
	}
	return opts
}
