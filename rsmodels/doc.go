// Package rsmodels holds the documents of the HomeSecure (HS) Admin interface
// and the builders that make them from RouterSecure events.
//
// A document is made by a New function from its spec, a plain struct; by a Build
// function from an event; or by a Parse function from JSON. All three check every
// rule and report all violations at once, each with the path of its field:
//
//	doc, err := rsmodels.BuildDevice(event.ResolvedDevice)
//	if invalid, ok := errors.AsType[*rsmodels.InvalidError](err); ok {
//		for _, v := range invalid.Violations {
//			log.Print(v.Path, " breaks ", v.Rule)   // device.mac breaks mac48
//		}
//	}
//	log.Print(doc.JSON())
//
// # Guarantees
//
//   - A document cannot be changed once made, and shares no memory with what it
//     was made from.
//   - The same input gives the same bytes; parsing those bytes gives an equal
//     document (==).
//   - Parse refuses what the schema does not name: unknown, missing, repeated or
//     null fields, names in another letter case, wrong types, trailing data, and
//     text that is not UTF-8.
//   - Builders and parsers are pure functions that never panic, and what they
//     return without an error satisfies the JSON Schemas in the schema folder.
//   - Neither errors nor logs repeat the content of a document.
//
// Builders bring what has several spellings into one: MAC addresses become six
// lower-case octets with colons, IP addresses and CIDR ranges take their
// canonical text with host bits cleared, times become UTC, and lists whose order
// means nothing (agent packages) are sorted by id. Specs and parsed documents
// must already be spelled so.
package rsmodels

//go:generate go run ../internal/rsschema/generate
