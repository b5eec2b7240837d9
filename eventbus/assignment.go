package eventbus

import (
	"context"
	"slices"
)

// Assignment returns the partitions of the registered topics that are this
// consumer's now, sorted; empty when the transport has no partitions.
func (c *Consumer) Assignment() map[string][]int32 {
	assigner, ok := c.sub.(Assigner)
	if !ok {
		return nil
	}
	all := assigner.Assignment()
	c.mu.Lock()
	defer c.mu.Unlock()
	for topic, partitions := range all {
		if c.registered([]string{topic}) != nil {
			delete(all, topic)
			continue
		}
		slices.Sort(partitions)
	}
	return all
}

// Lag returns how many records of each registered topic the group has not
// committed yet. It returns ErrUnsupported when the transport cannot tell.
func (c *Consumer) Lag(ctx context.Context) (map[string]int64, error) {
	reporter, ok := c.sub.(LagReporter)
	if !ok {
		return nil, ErrUnsupported
	}
	return reporter.Lag(ctx, c.RegisteredTopics()...)
}
