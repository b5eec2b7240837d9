package usecase

import (
	"context"
	"fmt"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/synctask"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rsclient/domain"
)

// Settings reads and changes an ISP's RouterSecure settings.
type Settings struct {
	tables Tables
}

// NewSettings returns the use cases over the tables.
func NewSettings(tables Tables) *Settings { return &Settings{tables: tables} }

// Get returns an ISP's settings; those never set are empty and off.
func (s *Settings) Get(ctx context.Context, ispID string) (domain.Settings, error) {
	settings, _, err := lookup(ctx, s.tables.Settings, ispID)
	if err != nil {
		return domain.Settings{}, fmt.Errorf("rsclient: settings: %w", err)
	}
	return settings, nil
}

// Change changes an ISP's settings and tells rsadaptor those parts that differ
// from before.
func (s *Settings) Change(ctx context.Context, ispID string, change func(*domain.Settings)) (domain.Settings, error) {
	doc, err := s.tables.Settings.Upsert(ctx, ispID, func(v *domain.Settings, _ bool) ([]*eventbus.Message, error) {
		old := *v
		change(v)
		return settingsChanged(ispID, old, *v)
	})
	if err != nil {
		return domain.Settings{}, fmt.Errorf("rsclient: change settings: %w", err)
	}
	return doc.Value, nil
}

// part is one of the events that an ISP's settings are told with.
type part struct {
	eventType string
	payload   func(s domain.Settings, ispID string) (any, error)
}

// now is the event for the settings, and the digest of its payload.
func (p part) now(s domain.Settings, ispID string) (string, *eventbus.Message, error) {
	payload, err := p.payload(s, ispID)
	if err != nil {
		return "", nil, err
	}
	digest, err := synctask.Digest(payload)
	if err != nil {
		return "", nil, err
	}
	event, err := eventbus.NewMessage(rsevent.TopicSystemConfiguration, p.eventType, ispID, payload)
	return digest, event, err
}

var settingsParts = []part{
	{rsevent.TypeRSSystemUpdated, func(s domain.Settings, ispID string) (any, error) { return s.System(ispID) }},
	{rsevent.TypeRSRouterProtectionUpdated, func(s domain.Settings, ispID string) (any, error) { return s.Protection(ispID), nil }},
}

func settingsChanged(ispID string, old, now domain.Settings) ([]*eventbus.Message, error) {
	var events []*eventbus.Message
	for _, part := range settingsParts {
		before, _, err := part.now(old, ispID)
		if err != nil {
			return nil, err
		}
		after, event, err := part.now(now, ispID)
		if err != nil {
			return nil, err
		}
		if before != after {
			events = append(events, event)
		}
	}
	return events, nil
}
