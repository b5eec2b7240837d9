// Package usecase holds what rsevents makes of each report.
//
// It keeps no state: a report is done when what it causes is published. A report that
// comes again causes messages with the same ids, by which receivers know them.
package usecase

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/input"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

// Reports translates reports. It may be used concurrently.
type Reports struct {
	bus  eventbus.Publisher
	tell []string // event types that a customer is told of
}

// NewReports returns the use cases. Customers are told of these event types.
func NewReports(bus eventbus.Publisher, tell []string) *Reports {
	return &Reports{bus: bus, tell: tell}
}

// Source is the report that a message stands for.
type Source struct{ ID, EventType string }

// Connected tells accounts that a device is active.
func (r *Reports) Connected(ctx context.Context, src Source, e rsevent.HSDeviceEvent) error {
	return r.publish(ctx, src, e, out{rsevent.TopicEvent, rsevent.TypeRSDeviceEventConnected, rsevent.RSDeviceEventConnected{
		AccountID: e.AccountID, ISPID: e.ISPID, DeviceID: e.DeviceID, RouterID: e.RouterID, Timestamp: e.Timestamp,
	}})
}

// Found commands accounts to create a device that a router has seen for the first
// time. It returns an *input.Error when the report does not say what is needed.
func (r *Reports) Found(ctx context.Context, src Source, e rsevent.HSDeviceEvent) error {
	if e.MAC == "" {
		return input.Invalid("mac", "is required of a new device")
	}
	at := e.Timestamp.UTC()
	status := rsevent.ProductStatus{IsNew: true, Active: e.Active == nil || *e.Active, ActiveTimestamp: &at}
	device := rsevent.Device{
		DeviceID: e.DeviceID, AccountID: e.AccountID, ISPID: e.ISPID, Kind: rsevent.KindDevice,
		Name: name(e), MAC: e.MAC, Hostname: e.Hostname,
		ProductData: map[string]rsevent.ProductData{rsevent.ProductRouterSecure: {Status: status}},
	}
	return r.publish(ctx, src, e, out{rsevent.TopicProvisionCommand, rsevent.TypePostDevice, rsevent.PostDevice{Device: device}})
}

// Activity commands accounts to note that a device became active or inactive. It
// returns an *input.Error when the report does not say which.
func (r *Reports) Activity(ctx context.Context, src Source, e rsevent.HSDeviceEvent) error {
	if e.Active == nil {
		return input.Invalid("active", "is required of a change of activity")
	}
	status := map[string]any{"active": *e.Active, "active_timestamp": e.Timestamp.UTC().Format(time.RFC3339)}
	patch, err := json.Marshal(map[string]any{
		"product_data": map[string]any{rsevent.ProductRouterSecure: map[string]any{"status": status}},
	})
	if err != nil {
		return fmt.Errorf("rsevents: encode patch: %w", err)
	}
	return r.publish(ctx, src, e, out{rsevent.TopicProvisionCommand, rsevent.TypePatchDevice, rsevent.PatchDevice{
		AccountID: e.AccountID, DeviceID: e.DeviceID, Patch: patch,
	}})
}

// Visited asks the bucket writer to keep a page.
func (r *Reports) Visited(ctx context.Context, src Source, p rsevent.HSWebSessionPage) error {
	msg, err := message(src, p.AccountID, out{rsevent.TopicBucket, rsevent.TypeWSPRequest, rsevent.WSPRequest{
		AccountID: p.AccountID, ISPID: p.ISPID, DeviceID: p.DeviceID,
		URL: p.URL, Category: p.Category, Blocked: p.Blocked, Timestamp: p.Timestamp,
	}})
	if err != nil {
		return err
	}
	return r.bus.Publish(ctx, msg)
}

// out is one message to publish.
type out struct {
	topic, eventType string
	payload          any
}

// publish sends what a report of a device causes, and tells the customer if that is
// one of the reports worth telling.
func (r *Reports) publish(ctx context.Context, src Source, e rsevent.HSDeviceEvent, effect out) error {
	outs := []out{effect}
	if slices.Contains(r.tell, src.EventType) {
		outs = append(outs, out{rsevent.TopicNotification, src.EventType, rsevent.DeviceNotification{
			AccountID: e.AccountID, ISPID: e.ISPID, DeviceID: e.DeviceID, Name: name(e), Timestamp: e.Timestamp,
		}})
	}
	msgs := make([]*eventbus.Message, len(outs))
	for i, o := range outs {
		var err error
		if msgs[i], err = message(src, e.AccountID, o); err != nil {
			return err
		}
	}
	return r.bus.Publish(ctx, msgs...)
}

// message returns a message whose id follows from that of its source.
func message(src Source, accountID string, o out) (*eventbus.Message, error) {
	msg, err := eventbus.NewMessage(o.topic, o.eventType, accountID, o.payload)
	if err != nil {
		return nil, err
	}
	msg.ID = uuid.NewSHA1(uuid.NameSpaceURL, []byte(src.ID+"/"+o.topic+"/"+o.eventType)).String()
	return msg, nil
}

// name returns what to call a device that no one has named yet.
func name(e rsevent.HSDeviceEvent) string {
	for _, n := range []string{e.Hostname, e.MAC} {
		if n != "" {
			return n
		}
	}
	return e.DeviceID
}
