package hsadmintest

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/hexplane/hexplane/hsadmin"
	"github.com/hexplane/hexplane/rsmodels"
)

func (b *Backend) status(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, hsadmin.Status{Status: "ok", Version: b.options.Version})
}

// create answers POST /devices; a repeated key gets the first answer again.
func (b *Backend) create(w http.ResponseWriter, r *http.Request) {
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	status, refused := b.replays.do(r.Header.Get("Idempotency-Key"), body, func() (int, *refusal) {
		doc, err := rsmodels.ParseDeviceConfiguration(body)
		if err != nil {
			return invalid(err)
		}
		if !b.state.insert(doc) {
			return http.StatusConflict, newRefusal("exists", "the device exists")
		}
		return http.StatusCreated, nil
	})
	if refused != nil {
		writeJSON(w, status, refused)
		return
	}
	w.WriteHeader(status)
}

func (b *Backend) put(kind, name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { b.write(w, r, kind, r.PathValue(name)) }
}

func (b *Backend) putSystem(id string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { b.write(w, r, rsmodels.KindSystem, id) }
}

func (b *Backend) write(w http.ResponseWriter, r *http.Request, kind, id string) {
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	doc, err := rsmodels.Parse(kind, id, body)
	if err != nil {
		status, refused := invalid(err)
		writeJSON(w, status, refused)
		return
	}
	if !b.state.put(doc) {
		refuse(w, http.StatusNotFound, "not_found", "no such router")
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (b *Backend) delete(kind, name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !b.state.delete(kind, r.PathValue(name)) {
			refuse(w, http.StatusNotFound, "not_found", "no such document")
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

func notFound(w http.ResponseWriter, _ *http.Request) {
	refuse(w, http.StatusNotFound, "no_such_call", "the interface has no such call")
}

// refusal is the body of every answer of 400 or above.
type refusal struct {
	Code    string               `json:"code"`
	Message string               `json:"message"`
	Fields  []hsadmin.FieldError `json:"fields"`
}

// invalid is the answer to a document that breaks a rule: 400 when it cannot be
// read at all, else 422 with every field.
func invalid(err error) (int, *refusal) {
	var (
		broken *rsmodels.InvalidError
		fields = []hsadmin.FieldError{}
		status = http.StatusUnprocessableEntity
	)
	if errors.As(err, &broken) {
		for _, v := range broken.Violations {
			if v.Path == "" {
				status = http.StatusBadRequest
			}
			fields = append(fields, hsadmin.FieldError{Path: v.Path, Message: v.Rule})
		}
	}
	return status, &refusal{Code: "invalid_document", Message: "the document breaks rules", Fields: fields}
}

func newRefusal(code, message string) *refusal {
	return &refusal{Code: code, Message: message, Fields: []hsadmin.FieldError{}}
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	writeJSON(w, status, newRefusal(code, message))
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A client that went away has no use for the rest.
	_ = json.NewEncoder(w).Encode(body)
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		refuse(w, http.StatusUnsupportedMediaType, "content_type", "the body must be application/json")
		return nil, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, rsmodels.MaxSystemDocumentSize+1))
	if err != nil {
		refuse(w, http.StatusBadRequest, "unreadable", "the body is too large or incomplete")
		return nil, false
	}
	return body, true
}
