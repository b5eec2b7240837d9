package franzbus_test

import (
	"sync"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"pgregory.net/rapid"

	"github.com/hexplane/hexplane/eventbus/franzbus"
)

const machineTopic, machineGroup = "topic", "group"

// virtualBroker is a broker in the bubble of a test: connections to it are pipes. Its
// group has one member at a time, which gets the partitions that the test wants it to.
// With two, franz-go waits for the one to join the group behind a mutex that the other
// may need to go on, and a fake clock stands still while anyone waits for a mutex.
type virtualBroker struct {
	network  kfake.VirtualNetwork
	cluster  *kfake.Cluster
	producer *kgo.Client
	balancer *planner
}

// startVirtualBroker starts a broker that tells the model of each commit.
func startVirtualBroker(t *rapid.T, m *model) *virtualBroker {
	b := &virtualBroker{balancer: &planner{GroupBalancer: kgo.CooperativeStickyBalancer()}}
	var err error
	b.cluster, err = kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(9092), kfake.ListenFn(b.network.Listen),
		kfake.SeedTopics(int32(len(m.parts)), machineTopic))
	require.NoError(t, err)
	b.cluster.ControlKey(int16(kmsg.OffsetCommit), func(req kmsg.Request) (kmsg.Response, error, bool) {
		b.cluster.KeepControl()
		commit := req.(*kmsg.OffsetCommitRequest)
		if !m.commit(commit) {
			return nil, nil, false
		}
		return refusal(commit, kerr.RebalanceInProgress), nil, true
	})
	b.producer, err = kgo.NewClient(kgo.SeedBrokers(b.cluster.ListenAddrs()...), kgo.Dialer(b.network.DialContext),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(0))
	require.NoError(t, err)
	return b
}

// refusal answers a commit with an error for each of its partitions.
func refusal(req *kmsg.OffsetCommitRequest, because *kerr.Error) kmsg.Response {
	resp := kmsg.NewPtrOffsetCommitResponse()
	resp.Version = req.Version
	for _, asked := range req.Topics {
		topic := kmsg.NewOffsetCommitResponseTopic()
		topic.Topic, topic.TopicID = asked.Topic, asked.TopicID
		for _, p := range asked.Partitions {
			refused := kmsg.NewOffsetCommitResponseTopicPartition()
			refused.Partition, refused.ErrorCode = p.Partition, because.Code
			topic.Partitions = append(topic.Partitions, refused)
		}
		resp.Topics = append(resp.Topics, topic)
	}
	return resp
}

func (b *virtualBroker) close() {
	b.producer.Close()
	b.cluster.Close()
}

func (b *virtualBroker) transport() *franzbus.Transport {
	return franzbus.New(franzbus.Config{
		Brokers: b.cluster.ListenAddrs(),
		Options: []kgo.Opt{kgo.Dialer(b.network.DialContext), kgo.Balancers(b.balancer)},
	})
}

// committed returns the group's offsets, by partition.
func (b *virtualBroker) committed() map[int32]int64 {
	committed := make(map[int32]int64)
	if group := b.cluster.GroupInfo(machineGroup); group != nil {
		for partition, commit := range group.Commits[machineTopic] {
			committed[partition] = commit.Offset
		}
	}
	return committed
}

// heartbeat answers the member's next heartbeat with an error, if there is one soon.
func (b *virtualBroker) heartbeat(err *kerr.Error) {
	fault := b.cluster.Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.Heartbeat}, Group: machineGroup, TopLevel: true, Err: err,
	})
	defer fault.Remove()
	pass(3 * time.Second) // members wait for less between two
}

// planner is a balancer that gives out the partitions that the test wants it to.
type planner struct {
	kgo.GroupBalancer // what goes over the wire

	mu     sync.Mutex
	wanted []int32
}

// MemberBalancer implements kgo.GroupBalancer.
func (p *planner) MemberBalancer(members []kmsg.JoinGroupResponseMember) (kgo.GroupMemberBalancer, map[string]struct{}, error) {
	b, err := kgo.NewConsumerBalancer(p, members)
	return b, b.MemberTopics(), err
}

// Balance implements kgo.ConsumerBalancerBalance.
func (p *planner) Balance(b *kgo.ConsumerBalancer, topics map[string]int32) kgo.IntoSyncAssignment {
	p.mu.Lock()
	defer p.mu.Unlock()
	plan := b.NewPlan()
	if _, subscribed := topics[machineTopic]; subscribed {
		only, _ := b.MemberAt(0)
		plan.AddPartitions(only, machineTopic, p.wanted)
	}
	return plan
}

func (p *planner) want(partitions []int32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wanted = partitions
}
