package rsevent

import "slices"

// Services are the filters set at one level: ISP, account, user or device. What
// is unset is taken from the next less specific level.
type Services struct {
	ContentFiltering *Service `json:"content_filtering,omitempty"`
	ThreatProtection *Service `json:"threat_protection,omitempty"`
}

// Service is one filter. An empty BlockingPageURL that is set hides that of the
// less specific levels.
type Service struct {
	Enabled         *bool   `json:"enabled,omitempty"`
	BlockingPageURL *string `json:"blocking_page_url,omitempty" validate:"omitnil,max=2048,eq=|http_url"`
}

// ResolveServices merges levels field by field; levels go from the most to the
// least specific (device, user, account, ISP) and may be nil. In the result
// every field is set: where no level says anything, a filter is not enabled and
// its blocking page is empty. The result shares no memory with the levels.
func ResolveServices(levels ...*Services) Services {
	content, threat := newService(), newService()
	for _, level := range slices.Backward(levels) {
		if level == nil {
			continue
		}
		content.apply(level.ContentFiltering)
		threat.apply(level.ThreatProtection)
	}
	return Services{ContentFiltering: content, ThreatProtection: threat}
}

func newService() *Service {
	return &Service{Enabled: new(bool), BlockingPageURL: new(string)}
}

func (s *Service) apply(over *Service) {
	if over == nil {
		return
	}
	if over.Enabled != nil {
		*s.Enabled = *over.Enabled
	}
	if over.BlockingPageURL != nil {
		*s.BlockingPageURL = *over.BlockingPageURL
	}
}
