package domain

import (
	"maps"
	"time"

	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

const day = 24 * time.Hour

// MaxInactiveDays returns after how many days without activity devices of the account
// are deleted: as the account says, else as the provider says; nil means never.
func MaxInactiveDays(account Account, isp ISP) *int {
	if account.MaxInactiveDays != nil {
		return account.MaxInactiveDays
	}
	return isp.Configuration.MaxInactiveDays
}

// DeletionTimestamp returns when a device is to be deleted, nil for never: its last
// activity plus the allowed days. Routers, active devices and devices that
// RouterSecure has not seen yet are not deleted.
func DeletionTimestamp(d rsevent.Device, maxInactiveDays *int) *time.Time {
	data, seen := d.ProductData[rsevent.ProductRouterSecure]
	status := data.Status
	if d.Kind != rsevent.KindDevice || !seen || status.Active || status.ActiveTimestamp == nil || maxInactiveDays == nil {
		return nil
	}
	at := status.ActiveTimestamp.UTC().Truncate(time.Second).Add(time.Duration(*maxInactiveDays) * day)
	return &at
}

// SetDeletionTimestamp writes the deletion timestamp into the device's internal part.
func SetDeletionTimestamp(d *rsevent.Device, maxInactiveDays *int) {
	at := DeletionTimestamp(*d, maxInactiveDays)
	if at == nil {
		d.Internal = nil
		return
	}
	d.Internal = &rsevent.Internal{DeletionTimestamp: at}
}

// StampStatus gives a RouterSecure status that lacks the time of its last activity
// that of now.
func StampStatus(d *rsevent.Device, now time.Time) {
	data, seen := d.ProductData[rsevent.ProductRouterSecure]
	if !seen || data.Status.ActiveTimestamp != nil {
		return
	}
	now = now.UTC().Truncate(time.Second)
	data.Status.ActiveTimestamp = &now
	setRouterSecure(d, data)
}

// Connected marks a device as active since at. It reports whether at is news; an
// older report than the last one changes nothing.
func Connected(d *rsevent.Device, at time.Time) bool {
	data := d.ProductData[rsevent.ProductRouterSecure]
	at = at.UTC().Truncate(time.Second)
	if last := data.Status.ActiveTimestamp; last != nil && !at.After(*last) {
		return false
	}
	data.Status.Active, data.Status.ActiveTimestamp = true, &at
	setRouterSecure(d, data)
	return true
}

// setRouterSecure leaves the map that other copies of the device share alone.
func setRouterSecure(d *rsevent.Device, data rsevent.ProductData) {
	products := maps.Clone(d.ProductData)
	if products == nil {
		products = map[string]rsevent.ProductData{}
	}
	products[rsevent.ProductRouterSecure] = data
	d.ProductData = products
}
