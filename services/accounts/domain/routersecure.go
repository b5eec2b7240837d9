package domain

import (
	"bytes"
	"strconv"

	"github.com/hexplane/hexplane/internal/input"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

// ValidateDevice checks what the account's products demand of a device; before is the
// device as it was, if it was. Its error is an *input.Error that names every wrong
// field.
func ValidateDevice(account Account, before, d rsevent.Device) error {
	var wrong []input.Field
	for product := range d.ProductData {
		// What a product left behind when the account gave it up may stay.
		if _, had := before.ProductData[product]; !had && !account.Has(product) {
			wrong = append(wrong, input.Field{Field: "product_data." + product, Message: "is not a product of the account"})
		}
	}
	if account.Has(rsevent.ProductRouterSecure) {
		wrong = append(wrong, routerSecure(d)...)
	}
	if len(wrong) == 0 {
		return nil
	}
	return &input.Error{Reason: "the device is not valid", Fields: wrong}
}

// routerSecure holds what RouterSecure demands: some fields make sense on routers
// alone, others on the devices behind them.
func routerSecure(d rsevent.Device) []input.Field {
	const onRouters, onDevices = "is allowed on routers only", "is not allowed on routers"
	var wrong []input.Field
	refuse := func(when bool, field, message string) {
		if when {
			wrong = append(wrong, input.Field{Field: field, Message: message})
		}
	}
	router := d.Kind == rsevent.KindRouter
	refuse(!router && d.Agent != nil, "agent", onRouters)
	refuse(!router && len(d.Identifiers) > 0, "identifiers", onRouters)
	refuse(!router && len(d.FeatureFlags) > 0, "feature_flags", onRouters)
	refuse(!router && len(d.UploadIntervals) > 0, "upload_intervals", onRouters)
	refuse(router && d.IsIoT, "is_iot", onDevices)
	refuse(router && len(d.ActRules) > 0, "act_rules", onDevices)
	for i, rule := range d.ActRules {
		object := bytes.HasPrefix(bytes.TrimSpace(rule), []byte("{"))
		refuse(!object, "act_rules["+strconv.Itoa(i)+"]", "must be an object")
	}
	return wrong
}
