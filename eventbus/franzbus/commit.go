package franzbus

import (
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/hexplane/hexplane/eventbus"
)

// commitTimeout bounds one commit request.
const commitTimeout = 10 * time.Second

// commitAgain is the pause after a final commit that was refused.
const commitAgain = 50 * time.Millisecond

// commitLoop commits every interval, or as asked, until ctx ends.
func (s *subscriber) commitLoop(ctx context.Context) {
	ticker := time.NewTicker(s.cfg.CommitInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-s.kick:
		case <-ctx.Done():
			return
		}
		_ = s.commit(ctx) // logged, and tried again
	}
}

// advanced is told that some partition's position moved.
func (s *subscriber) advanced() {
	switch s.cfg.Commit {
	case eventbus.CommitSync:
		_ = s.commit(context.Background()) // logged, and tried again
	case eventbus.CommitAsync:
		s.commitSoon()
	case eventbus.CommitPeriodic:
	}
}

// commitSoon asks for a commit before the next interval.
func (s *subscriber) commitSoon() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// uncommitted is a partition and the place in its sequence that is being committed.
type uncommitted struct {
	part *partition
	seq  uint64
}

// commitFinally commits what was drained. A rebalance under way refuses commits
// for a moment, so it tries again for a while, unless the error is final.
func (s *subscriber) commitFinally(ctx context.Context, final func(error) bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout/2)
	defer cancel()
	for {
		if err := s.commit(ctx); err == nil || final(err) {
			return
		}
		select {
		case <-time.After(commitAgain):
		case <-ctx.Done():
			return
		}
	}
}

// never is for who may yet be in the group when a rebalance has ended.
func never(error) bool { return false }

// expelled says that the group went on without its member. In a revocation that is
// final: the member joins again only after it.
func expelled(err error) bool {
	return errors.Is(err, kerr.IllegalGeneration) || errors.Is(err, kerr.UnknownMemberID) || errors.Is(err, kerr.FencedInstanceID)
}

// commit sends every position that moved and waits for the answer. After an error
// each stays to be committed.
func (s *subscriber) commit(ctx context.Context) (failed error) {
	if s.cfg.Group == "" {
		return nil
	}
	s.commitMu.Lock()
	defer s.commitMu.Unlock()
	offsets, parts := s.positions()
	if len(parts) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	s.client.CommitOffsetsSync(ctx, offsets,
		func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, resp *kmsg.OffsetCommitResponse, err error) {
			if err == nil {
				err = refused(resp)
			}
			for _, u := range parts {
				if err == nil {
					u.part.committedTo(u.seq)
				} else {
					u.part.untake()
				}
			}
			if failed = err; err != nil {
				s.cfg.Logger.Warn("franzbus: commit", "group", s.cfg.Group, "error", err)
			}
		})
	return failed
}

func (s *subscriber) positions() (map[string]map[int32]kgo.EpochOffset, []uncommitted) {
	s.mu.Lock()
	defer s.mu.Unlock()
	offsets := make(map[string]map[int32]kgo.EpochOffset)
	var parts []uncommitted
	for name, t := range s.topics {
		for id, p := range t.parts {
			position, seq, moved := p.take()
			if !moved {
				continue
			}
			if offsets[name] == nil {
				offsets[name] = make(map[int32]kgo.EpochOffset)
			}
			offsets[name][id] = position
			parts = append(parts, uncommitted{p, seq})
		}
	}
	return offsets, parts
}

func refused(resp *kmsg.OffsetCommitResponse) error {
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *subscriber) onAssigned(_ context.Context, _ *kgo.Client, added map[string][]int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for topic, partitions := range added {
		s.assigned[topic] = append(s.assigned[topic], partitions...)
	}
}

// onRevoked drains what is taken away and commits it before others start.
func (s *subscriber) onRevoked(ctx context.Context, _ *kgo.Client, revoked map[string][]int32) {
	parts := s.parts(revoked)
	drain, cancel := context.WithTimeout(ctx, s.cfg.DrainTimeout)
	defer cancel()
	if err := drainAll(drain, parts); err != nil {
		s.cfg.Logger.Warn("franzbus: revoke", "group", s.cfg.Group, "error", err)
	}
	s.commitFinally(ctx, expelled)
	s.forget(revoked)
}

// onLost drops what others own already: nothing may be committed any more.
func (s *subscriber) onLost(_ context.Context, _ *kgo.Client, lost map[string][]int32) {
	ended, cancel := context.WithCancelCause(context.Background())
	cancel(errLost)
	_ = drainAll(ended, s.parts(lost)) // it says only what we told it
	s.forget(lost)
}
