package usecase

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/hsadmin"
)

// errHeld is the failure of an event that is not tried because its ISP's realm is out.
var errHeld = errors.New("the ISP's realm is out")

// out tells whether the backend takes nothing from anybody at the moment, in
// contrast to an internal error of its about one document.
func out(err error) bool {
	if errors.Is(err, errHeld) {
		return true
	}
	failure, ok := errors.AsType[*hsadmin.Error](err)
	if !ok {
		return false
	}
	switch failure.Status {
	case 0, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return errors.Is(err, hsadmin.ErrUnavailable) || errors.Is(err, hsadmin.ErrThrottled)
	}
	return false
}

// outages knows which ISPs' realms are out. It is safe for concurrent use.
type outages struct {
	mu       sync.Mutex
	clock    int
	answered int            // when a realm answered last
	failed   map[string]int // by ISP that is out: when it failed last
}

// note takes in how a call to an ISP's realm ended.
func (o *outages) note(ispID string, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.clock++
	failure, ok := errors.AsType[*hsadmin.Error](err)
	switch {
	case out(err):
		o.failed[ispID] = o.clock
	case err == nil, ok && failure.Status != 0:
		delete(o.failed, ispID)
		o.answered = o.clock
	}
}

// everywhere tells whether several realms failed since one answered: it is the
// backend that is out, not an ISP's part of it.
func (o *outages) everywhere() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.everywhereLocked()
}

func (o *outages) everywhereLocked() bool {
	realms := 0
	for _, when := range o.failed {
		if when > o.answered {
			realms++
		}
	}
	return realms > 1
}

// holds tells whether an ISP's realm is out and others are not.
func (o *outages) holds(ispID string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, failed := o.failed[ispID]
	return failed && !o.everywhereLocked()
}

// attempt is which attempt of its event the context belongs to, from 1.
func attempt(ctx context.Context) int {
	delivery, _ := eventbus.DeliveryFrom(ctx)
	return max(delivery.Attempt, 1)
}

// watched are realms whose outages are noted. While one is out, only events that
// have waited for it already are tried there: a new one fails at once, so that it
// makes way for other ISPs' events, and a backend that hangs is asked by few.
type watched struct {
	Realms
	outages *outages
}

func (w watched) Realm(ispID string) (Realm, error) {
	realm, err := w.Realms.Realm(ispID)
	if err != nil {
		return nil, err
	}
	return watchedRealm{realm, ispID, w.outages}, nil
}

type watchedRealm struct {
	realm   Realm
	ispID   string
	outages *outages
}

func (w watchedRealm) try(ctx context.Context, call func() error) error {
	if attempt(ctx) == 1 && w.outages.holds(w.ispID) {
		return errHeld
	}
	err := call()
	w.outages.note(w.ispID, err)
	return err
}

func (w watchedRealm) CreateDevice(ctx context.Context, doc hsadmin.Document) error {
	return w.try(ctx, func() error { return w.realm.CreateDevice(ctx, doc) })
}

func (w watchedRealm) Put(ctx context.Context, doc hsadmin.Document) error {
	return w.try(ctx, func() error { return w.realm.Put(ctx, doc) })
}

func (w watchedRealm) DeleteDevice(ctx context.Context, deviceID string) error {
	return w.try(ctx, func() error { return w.realm.DeleteDevice(ctx, deviceID) })
}

func (w watchedRealm) DeleteRouter(ctx context.Context, routerID string) error {
	return w.try(ctx, func() error { return w.realm.DeleteRouter(ctx, routerID) })
}
