package rest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRefusalsNameTheField(t *testing.T) {
	const device = "POST /accounts/a1/devices"
	tests := map[string]struct {
		target, body string
		fields       []string
	}{
		"account without name":    {"POST /accounts", `{}`, []string{"name"}},
		"another provider":        {"POST /accounts", `{"name":"x","isp_id":"isp-2"}`, []string{"isp_id"}},
		"unknown field":           {"POST /accounts", `{"name":"x","tier":1}`, []string{"tier"}},
		"unknown status":          {"POST /accounts", `{"name":"x","status":"dead"}`, []string{"status"}},
		"id with a slash":         {"POST /accounts", `{"name":"x","account_id":"a/b"}`, []string{"account_id"}},
		"wrong case":              {"POST /accounts", `{"Name":"x"}`, []string{"Name"}},
		"patch: unknown":          {"PATCH /accounts/a1", `{"tier":null}`, []string{"tier"}},
		"patch: required removed": {"PATCH /accounts/a1", `{"name":null}`, []string{"name"}},
		"patch: id":               {"PATCH /accounts/a1", `{"account_id":"a2"}`, []string{"account_id"}},
		"patch: provider":         {"PATCH /accounts/a1", `{"isp_id":"isp-2"}`, []string{"isp_id"}},
		"user of another account": {"POST /accounts/a1/users", `{"name":"x","account_id":"a2"}`, []string{"account_id"}},
		"user patch: type":        {"PATCH /accounts/a1/users/u1", `{"name":7}`, []string{"name"}},
		"device without all":      {device, `{}`, []string{"kind", "name", "mac"}},
		"bad mac":                 {device, `{"kind":"device","name":"x","mac":"zz"}`, []string{"mac"}},
		"unknown user":            {device, `{"kind":"device","name":"x","mac":"a4:83:e7:00:00:01","user_id":"u9"}`, []string{"user_id"}},
		"internal":                {device, `{"kind":"device","name":"x","mac":"a4:83:e7:00:00:01","internal":{}}`, []string{"internal"}},
		"router's fields on a device": {
			device, `{"kind":"device","name":"x","mac":"a4:83:e7:00:00:01","agent":{"target":"t"},"identifiers":["i"]}`,
			[]string{"agent", "identifiers"},
		},
		"device's fields on a router": {
			device, `{"kind":"router","name":"x","mac":"a4:83:e7:00:00:01","is_iot":true,"act_rules":[{}]}`,
			[]string{"is_iot", "act_rules"},
		},
		"rule that is no object": {
			device, `{"kind":"device","name":"x","mac":"a4:83:e7:00:00:01","act_rules":[{},3]}`, []string{"act_rules[1]"},
		},
		"product the account lacks": {
			device, `{"kind":"device","name":"x","mac":"a4:83:e7:00:00:01","product_data":{"Other":{}}}`, []string{"product_data.Other"},
		},
		"nested type": {
			device, `{"kind":"device","name":"x","mac":"a4:83:e7:00:00:01","feature_flags":{"f":"yes"}}`, []string{"feature_flags.f"},
		},
		"device patch: kind":     {"PATCH /accounts/a1/devices/d1", `{"kind":"router"}`, []string{"kind"}},
		"device patch: internal": {"PATCH /accounts/a1/devices/d1", `{"internal":{"deletion_timestamp":"2030-01-01T00:00:00Z"}}`, []string{"internal"}},
		"device patch: list":     {"PATCH /accounts/a1/devices/d1", `[]`, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.do(http.StatusCreated, "POST /accounts", account)
			f.do(http.StatusCreated, "POST /accounts/a1/users", user)
			f.do(http.StatusCreated, "POST /accounts/a1/devices", phone)
			f.events()
			res := f.do(http.StatusBadRequest, tt.target, tt.body)
			assert.Equal(t, tt.fields, res.Fields(t), res.Body)
			assert.Empty(t, f.events())
		})
	}
}
