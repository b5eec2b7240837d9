package stack

import (
	"context"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// lagMeter asks the broker how far behind consumer groups are.
type lagMeter struct{ admin *kadm.Client }

func newLagMeter(brokers []string) (*lagMeter, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...))
	if err != nil {
		return nil, fmt.Errorf("lag: %w", err)
	}
	return &lagMeter{admin: kadm.NewClient(client)}, nil
}

// idle tells whether no group has a record left to consume. Demeter's groups do not
// count: heartbeats never end.
func (m *lagMeter) idle(ctx context.Context) (bool, error) {
	groups, err := m.admin.ListGroups(ctx)
	if err != nil {
		return false, fmt.Errorf("lag: groups: %w", err)
	}
	lags, err := m.admin.Lag(ctx, groups.Groups()...)
	if err != nil {
		return false, fmt.Errorf("lag: %w", err)
	}
	for name, group := range lags {
		if name == "management" || strings.HasPrefix(name, "fabric-") {
			continue
		}
		if err := group.Error(); err != nil {
			return false, fmt.Errorf("lag of %s: %w", group.Group, err)
		}
		if group.Lag.Total() > 0 {
			return false, nil
		}
	}
	return true, nil
}

func (m *lagMeter) close() {
	if m != nil {
		m.admin.Close()
	}
}
