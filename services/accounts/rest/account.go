package rest

import (
	"errors"
	"net/http"

	"github.com/hexplane/hexplane/internal/httpapi"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

func (h handlers) createAccount(w http.ResponseWriter, r *http.Request) error {
	account, err := httpapi.Decode(r, func(a *rsevent.Account) error {
		if a.Status == "" {
			a.Status = rsevent.AccountActive
		}
		if a.Products == nil {
			a.Products = []string{}
		}
		return errors.Join(generate(r, &a.AccountID), given("isp_id", &a.ISPID, httpapi.ISP(r)))
	})
	if err != nil {
		return err
	}
	if err := h.app.CreateAccount(r.Context(), account, repeated(r)); err != nil {
		return err
	}
	return httpapi.Created(w, "/accounts/"+account.AccountID, account)
}

func (h handlers) listAccounts(w http.ResponseWriter, r *http.Request) error {
	page, err := httpapi.PageOf(r)
	if err != nil {
		return err
	}
	accounts, err := h.app.ListAccounts(r.Context(), httpapi.ISP(r), page.After, page.Limit+1)
	if err != nil {
		return err
	}
	list := httpapi.NewList(accounts, page, func(a rsevent.Account) string { return a.AccountID })
	return httpapi.JSON(w, http.StatusOK, list)
}

func (h handlers) getAccount(w http.ResponseWriter, r *http.Request) error {
	account, err := h.app.GetAccount(r.Context(), httpapi.ISP(r), r.PathValue("account_id"))
	if err != nil {
		return err
	}
	return httpapi.JSON(w, http.StatusOK, account)
}

func (h handlers) patchAccount(w http.ResponseWriter, r *http.Request) error {
	patch, err := httpapi.Body(r)
	if err != nil {
		return err
	}
	account, err := h.app.PatchAccount(r.Context(), httpapi.ISP(r), r.PathValue("account_id"), patch)
	if err != nil {
		return err
	}
	return httpapi.JSON(w, http.StatusOK, account)
}

func (h handlers) deleteAccount(w http.ResponseWriter, r *http.Request) error {
	if err := h.app.DeleteAccount(r.Context(), httpapi.ISP(r), r.PathValue("account_id")); err != nil {
		return err
	}
	return httpapi.NoContent(w)
}
