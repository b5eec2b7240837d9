package rsmodels_test

import (
	"errors"
	"fmt"

	"github.com/hexplane/hexplane/rsmodels"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

func ExampleBuildDevice() {
	doc, err := rsmodels.BuildDevice(rsevent.ResolvedDevice{Device: rsevent.Device{
		DeviceID: "dev-1", AccountID: "acc-1", ISPID: "isp-1", Kind: rsevent.KindDevice, Name: "TV", MAC: "A4-83-E7-00-11-22",
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(doc)
	fmt.Println(doc.Spec().Device.MAC)
	// Output:
	// devices/dev-1
	// a4:83:e7:00:11:22
}

func ExampleInvalidError() {
	_, err := rsmodels.ParseFeatureFlags("rtr-1", []byte(`{"wpa3":"yes","wpa3":true,"no spaces":true}`))
	if invalid, ok := errors.AsType[*rsmodels.InvalidError](err); ok {
		for _, v := range invalid.Violations {
			fmt.Printf("%s breaks %s\n", v.Path, v.Rule)
		}
	}
	// Output:
	// no spaces breaks token
	// wpa3 breaks type=boolean
	// wpa3 breaks repeated
}
