package embedkafka

import "github.com/twmb/franz-go/pkg/kmsg"

// joining returns a heartbeat for each member that waits for the others to join.
//
// A client sends none meanwhile, and Apache Kafka expects none. kfake's clock goes on
// from the last one: a member that waits longer than its session, as another one
// drains, is removed and its join never answered.
func (w *members) joining() []*kmsg.HeartbeatRequest {
	w.mu.Lock()
	defer w.mu.Unlock()
	var beats []*kmsg.HeartbeatRequest
	for name, g := range w.groups {
		for _, m := range g.members {
			if m.waits != forJoins || m.id == "" {
				continue // a new member has no clock yet
			}
			beat := kmsg.NewPtrHeartbeatRequest()
			beat.Group, beat.MemberID, beat.InstanceID, beat.Generation = name, m.id, m.instance, m.generation
			beats = append(beats, beat)
		}
	}
	return beats
}
