// Package httpapi holds what the REST drivers of all services share: handlers that
// return errors, RFC 9457 problem documents, strict decoding of bodies, pages with
// cursors, and the admin endpoints.
//
// # What it guarantees
//
//   - Every error answer is a problem document. Those about input name the field by
//     its JSON path; those about the server's own trouble do not tell its details,
//     which are logged instead.
//   - A body with an unknown field, a wrong type, a failed validation, more than one
//     JSON value or more than MaxBody bytes never reaches the use case.
//
// # Example
//
//	api := httpapi.New(log)
//	api.Handle("POST /accounts", func(w http.ResponseWriter, r *http.Request) error {
//		account, err := httpapi.Decode[Account](r)
//		if err != nil {
//			return err
//		}
//		if err := create(r.Context(), httpapi.ISP(r), account); err != nil {
//			return err // docstore.ErrExists becomes 409
//		}
//		return httpapi.Created(w, "/accounts/"+account.ID, account)
//	})
//	http.ListenAndServe(addr, api)
package httpapi
