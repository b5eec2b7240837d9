// Package rest is the REST driver of notifications; openapi.yaml describes it.
package rest

import (
	_ "embed"
	"log/slog"
	"net/http"

	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/httpapi"
	"github.com/hexplane/hexplane/services/notifications/usecase"
)

// OpenAPI is the interface's description, an OpenAPI 3.0 document.
//
//go:embed openapi.yaml
var OpenAPI []byte

// New returns the REST interface.
func New(log *slog.Logger, inbox *usecase.Inbox) http.Handler {
	api := httpapi.New(log)
	api.Document(OpenAPI)
	api.Handle("GET /accounts/{account_id}/notifications", func(w http.ResponseWriter, r *http.Request) error {
		page, err := httpapi.PageOf(r)
		if err != nil {
			return err
		}
		docs, err := inbox.List(r.Context(), httpapi.ISP(r), r.PathValue("account_id"), page.After, page.Limit+1)
		if err != nil {
			return err
		}
		return httpapi.JSON(w, http.StatusOK, values(docs, page))
	})
	return api
}

// values turns stored documents into a page of what they hold.
func values(docs []docstore.Document[usecase.Notification], page httpapi.Page) httpapi.List[usecase.Notification] {
	list := httpapi.NewList(docs, page, func(d docstore.Document[usecase.Notification]) string { return d.ID })
	out := httpapi.List[usecase.Notification]{Items: make([]usecase.Notification, len(list.Items)), Next: list.Next}
	for i, doc := range list.Items {
		out.Items[i] = doc.Value
	}
	return out
}
