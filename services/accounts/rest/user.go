package rest

import (
	"errors"
	"net/http"

	"github.com/hexplane/hexplane/internal/httpapi"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

func (h handlers) createUser(w http.ResponseWriter, r *http.Request) error {
	user, err := httpapi.Decode(r, func(u *rsevent.User) error {
		return errors.Join(generate(r, &u.UserID), given("account_id", &u.AccountID, r.PathValue("account_id")))
	})
	if err != nil {
		return err
	}
	if err := h.app.CreateUser(r.Context(), httpapi.ISP(r), user, repeated(r)); err != nil {
		return err
	}
	return httpapi.Created(w, "/accounts/"+user.AccountID+"/users/"+user.UserID, user)
}

func (h handlers) listUsers(w http.ResponseWriter, r *http.Request) error {
	page, err := httpapi.PageOf(r)
	if err != nil {
		return err
	}
	users, err := h.app.ListUsers(r.Context(), httpapi.ISP(r), r.PathValue("account_id"), page.After, page.Limit+1)
	if err != nil {
		return err
	}
	list := httpapi.NewList(users, page, func(u rsevent.User) string { return u.UserID })
	return httpapi.JSON(w, http.StatusOK, list)
}

func (h handlers) getUser(w http.ResponseWriter, r *http.Request) error {
	user, err := h.app.GetUser(r.Context(), httpapi.ISP(r), r.PathValue("account_id"), r.PathValue("user_id"))
	if err != nil {
		return err
	}
	return httpapi.JSON(w, http.StatusOK, user)
}

func (h handlers) patchUser(w http.ResponseWriter, r *http.Request) error {
	patch, err := httpapi.Body(r)
	if err != nil {
		return err
	}
	user, err := h.app.PatchUser(r.Context(), httpapi.ISP(r), r.PathValue("account_id"), r.PathValue("user_id"), patch)
	if err != nil {
		return err
	}
	return httpapi.JSON(w, http.StatusOK, user)
}

func (h handlers) deleteUser(w http.ResponseWriter, r *http.Request) error {
	err := h.app.DeleteUser(r.Context(), httpapi.ISP(r), r.PathValue("account_id"), r.PathValue("user_id"))
	if err != nil {
		return err
	}
	return httpapi.NoContent(w)
}
