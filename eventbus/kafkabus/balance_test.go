package kafkabus

import (
	"sync"
	"testing"

	"github.com/IBM/sarama"
	"github.com/stretchr/testify/assert"
)

// Groups with one configuration plan at the same time; the race detector sees whether
// they share anything.
func TestStickyIsSharedSafely(t *testing.T) {
	var strategy sarama.BalanceStrategy = sticky{}
	members := map[string]sarama.ConsumerGroupMemberMetadata{"a": {Topics: []string{"t"}}, "b": {Topics: []string{"t"}}}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			plan, err := strategy.Plan(members, map[string][]int32{"t": {0, 1, 2, 3}})
			assert.NoError(t, err)
			assert.Len(t, plan["a"]["t"], 2)
			assert.Len(t, plan["b"]["t"], 2)
		})
	}
	wg.Wait()
	assert.Equal(t, sarama.StickyBalanceStrategyName, strategy.Name())
}
