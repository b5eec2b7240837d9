package kafkabus

import "github.com/IBM/sarama"

// sticky is sarama's sticky strategy without the state that sarama keeps in it between
// calls of Plan: the groups of one subscriber share their configuration, and plan at the
// same time.
type sticky struct{}

// Name implements sarama.BalanceStrategy.
func (sticky) Name() string { return sarama.StickyBalanceStrategyName }

// Plan implements sarama.BalanceStrategy.
func (sticky) Plan(
	members map[string]sarama.ConsumerGroupMemberMetadata, topics map[string][]int32,
) (sarama.BalanceStrategyPlan, error) {
	return sarama.NewBalanceStrategySticky().Plan(members, topics)
}

// AssignmentData implements sarama.BalanceStrategy.
func (sticky) AssignmentData(memberID string, topics map[string][]int32, generationID int32) ([]byte, error) {
	return sarama.NewBalanceStrategySticky().AssignmentData(memberID, topics, generationID)
}
