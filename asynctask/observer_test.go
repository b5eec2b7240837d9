package asynctask_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/hexplane/hexplane/asynctask"
)

func TestObserversAreAllTold(t *testing.T) {
	a, b := &observations{}, &observations{}
	asynctask.Observers{a, b}.Observe(asynctask.Observation{Kind: asynctask.ReplyLate})
	assert.Equal(t, 1, a.count(asynctask.ReplyLate))
	assert.Equal(t, 1, b.count(asynctask.ReplyLate))
}
