package hsadmintest

import "net/http"

// Inspector is a handler by which another process sees and wipes the backend:
// GET / answers the whole state by kind and id, GET /{kind}/{id} one document,
// DELETE / wipes. Mount it apart from the backend, where only operators reach.
func (b *Backend) Inspector() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, b.State())
	})
	mux.HandleFunc("GET /{kind}/{id}", func(w http.ResponseWriter, r *http.Request) {
		doc, ok := b.Document(r.PathValue("kind"), r.PathValue("id"))
		if !ok {
			refuse(w, http.StatusNotFound, "not_found", "no such document")
			return
		}
		writeJSON(w, http.StatusOK, doc)
	})
	mux.HandleFunc("DELETE /{$}", func(w http.ResponseWriter, _ *http.Request) {
		b.Wipe()
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}
