package rest

import (
	"encoding/json"
	"net/http"

	"github.com/hexplane/hexplane/internal/httpapi"
	"github.com/hexplane/hexplane/services/rsclient/domain"
)

// RouterProtection is an ISP's router protection. A list that is left out of a
// PUT stays as it is.
type RouterProtection struct {
	Enabled        *bool     `json:"enabled" validate:"required"`
	DNSAllowedList *[]string `json:"dns_allowed_list,omitempty" validate:"omitnil,max=10000,unique,dive,ip"`
	AllowedList    *[]string `json:"allowed_list,omitempty" validate:"omitnil,max=10000,unique,dive,ip|cidr"`
}

// AllowedList is the addresses and ranges that routers never block.
type AllowedList struct {
	AllowedList []string `json:"allowed_list" validate:"required,max=10000,unique,dive,ip|cidr"`
}

// DNSAllowedList is the DNS servers that routers may use.
type DNSAllowedList struct {
	DNSAllowedList []string `json:"dns_allowed_list" validate:"required,max=10000,unique,dive,ip"`
}

// object is a JSON object that is kept as it is.
type object = map[string]json.RawMessage

// read answers with a part of the ISP's settings.
func (h handlers) read(w http.ResponseWriter, r *http.Request, part func(domain.Settings) any) error {
	settings, err := h.app.Settings.Get(r.Context(), httpapi.ISP(r))
	if err != nil {
		return err
	}
	return httpapi.JSON(w, http.StatusOK, part(settings))
}

// write changes the ISP's settings by the body and answers with a part of them.
func write[T any](h handlers, w http.ResponseWriter, r *http.Request,
	change func(*domain.Settings, T), part func(domain.Settings) any,
) error {
	body, err := httpapi.Decode[T](r)
	if err != nil {
		return err
	}
	settings, err := h.app.Settings.Change(r.Context(), httpapi.ISP(r), func(s *domain.Settings) { change(s, body) })
	if err != nil {
		return err
	}
	return httpapi.JSON(w, http.StatusOK, part(settings))
}

func protection(s domain.Settings) any {
	dns, allowed := list(s.DNSAllowedList), list(s.AllowedList)
	return RouterProtection{Enabled: &s.RouterProtection, DNSAllowedList: &dns, AllowedList: &allowed}
}

func (h handlers) getProtection(w http.ResponseWriter, r *http.Request) error {
	return h.read(w, r, protection)
}

func (h handlers) putProtection(w http.ResponseWriter, r *http.Request) error {
	return write(h, w, r, func(s *domain.Settings, body RouterProtection) {
		s.RouterProtection = *body.Enabled
		if body.DNSAllowedList != nil {
			s.DNSAllowedList = *body.DNSAllowedList
		}
		if body.AllowedList != nil {
			s.AllowedList = *body.AllowedList
		}
	}, protection)
}

func allowedList(s domain.Settings) any { return AllowedList{list(s.AllowedList)} }

func (h handlers) getAllowedList(w http.ResponseWriter, r *http.Request) error {
	return h.read(w, r, allowedList)
}

func (h handlers) putAllowedList(w http.ResponseWriter, r *http.Request) error {
	return write(h, w, r, func(s *domain.Settings, body AllowedList) { s.AllowedList = body.AllowedList }, allowedList)
}

func dnsAllowedList(s domain.Settings) any { return DNSAllowedList{list(s.DNSAllowedList)} }

func (h handlers) getDNSAllowedList(w http.ResponseWriter, r *http.Request) error {
	return h.read(w, r, dnsAllowedList)
}

func (h handlers) putDNSAllowedList(w http.ResponseWriter, r *http.Request) error {
	return write(h, w, r, func(s *domain.Settings, body DNSAllowedList) {
		s.DNSAllowedList = body.DNSAllowedList
	}, dnsAllowedList)
}

func lanProtection(s domain.Settings) any { return full(s.LANProtection) }

func (h handlers) getLANProtection(w http.ResponseWriter, r *http.Request) error {
	return h.read(w, r, lanProtection)
}

func (h handlers) putLANProtection(w http.ResponseWriter, r *http.Request) error {
	return write(h, w, r, func(s *domain.Settings, body object) { s.LANProtection = body }, lanProtection)
}

func advanced(s domain.Settings) any { return full(s.Advanced) }

func (h handlers) getAdvanced(w http.ResponseWriter, r *http.Request) error {
	return h.read(w, r, advanced)
}

func (h handlers) putAdvanced(w http.ResponseWriter, r *http.Request) error {
	return write(h, w, r, func(s *domain.Settings, body object) { s.Advanced = body }, advanced)
}

// full makes an empty object of a missing one.
func full(o object) object {
	if o == nil {
		return object{}
	}
	return o
}

func list(items []string) []string {
	if items == nil {
		return []string{}
	}
	return items
}
