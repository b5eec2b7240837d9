package rest

import (
	"errors"
	"net/http"

	"github.com/hexplane/hexplane/internal/httpapi"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

func (h handlers) createDevice(w http.ResponseWriter, r *http.Request) error {
	device, err := httpapi.Decode(r, func(d *rsevent.Device) error {
		return errors.Join(
			generate(r, &d.DeviceID),
			given("account_id", &d.AccountID, r.PathValue("account_id")),
			given("isp_id", &d.ISPID, httpapi.ISP(r)))
	})
	if err != nil {
		return err
	}
	stored, err := h.app.CreateDevice(r.Context(), httpapi.ISP(r), device, repeated(r))
	if err != nil {
		return err
	}
	return httpapi.Created(w, "/accounts/"+stored.AccountID+"/devices/"+stored.DeviceID, stored)
}

func (h handlers) listDevices(w http.ResponseWriter, r *http.Request) error {
	page, err := httpapi.PageOf(r)
	if err != nil {
		return err
	}
	devices, err := h.app.ListDevices(r.Context(), httpapi.ISP(r), r.PathValue("account_id"), page.After, page.Limit+1)
	if err != nil {
		return err
	}
	list := httpapi.NewList(devices, page, func(d rsevent.Device) string { return d.DeviceID })
	return httpapi.JSON(w, http.StatusOK, list)
}

func (h handlers) getDevice(w http.ResponseWriter, r *http.Request) error {
	device, err := h.app.GetDevice(r.Context(), httpapi.ISP(r), r.PathValue("account_id"), r.PathValue("device_id"))
	if err != nil {
		return err
	}
	return httpapi.JSON(w, http.StatusOK, device)
}

func (h handlers) patchDevice(w http.ResponseWriter, r *http.Request) error {
	patch, err := httpapi.Body(r)
	if err != nil {
		return err
	}
	device, err := h.app.PatchDevice(r.Context(), httpapi.ISP(r), r.PathValue("account_id"), r.PathValue("device_id"), patch)
	if err != nil {
		return err
	}
	return httpapi.JSON(w, http.StatusOK, device)
}

func (h handlers) deleteDevice(w http.ResponseWriter, r *http.Request) error {
	err := h.app.DeleteDevice(r.Context(), httpapi.ISP(r), r.PathValue("account_id"), r.PathValue("device_id"))
	if err != nil {
		return err
	}
	return httpapi.NoContent(w)
}
