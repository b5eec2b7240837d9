package main

import (
	"fmt"
	"iter"

	"github.com/hexplane/hexplane/hsadmin"
	"github.com/hexplane/hexplane/rsmodels"
)

// distinct is how many devices the requests are about; the backend keeps so many.
const distinct = 2_000

// prepared are the requests that n PUTs consist of, built before anything is timed.
func prepared(n int) []hsadmin.Request {
	ready := make([]hsadmin.Request, min(n, distinct))
	for i := range ready {
		ready[i] = putOf(i)
	}
	return ready
}

// puts yields n of the prepared requests, in turn.
func puts(ready []hsadmin.Request, n int) iter.Seq[hsadmin.Request] {
	return func(yield func(hsadmin.Request) bool) {
		for i := range n {
			if !yield(ready[i%len(ready)]) {
				return
			}
		}
	}
}

// built yields n requests, each with a document built on the spot.
func built(n int) iter.Seq[hsadmin.Request] {
	return func(yield func(hsadmin.Request) bool) {
		for i := range n {
			if !yield(putOf(i % distinct)) {
				return
			}
		}
	}
}

func putOf(i int) hsadmin.Request {
	doc, err := rsmodels.NewDeviceConfiguration(rsmodels.DeviceSpec{
		DeviceBase: rsmodels.DeviceBase{Device: rsmodels.Device{
			DeviceID: fmt.Sprintf("dev-%07d", i), AccountID: fmt.Sprintf("acc-%06d", i/6), ISPID: "isp-north",
			MAC: fmt.Sprintf("a4:83:e7:%02x:%02x:%02x", i>>16&0xff, i>>8&0xff, i&0xff), Hostname: "living-room-tv", Name: "Télé du salon",
		}},
		IsIoT: true,
	})
	if err != nil {
		return hsadmin.Request{} // fails where it is sent
	}
	req, _ := hsadmin.PutRequest(doc)
	return req
}
