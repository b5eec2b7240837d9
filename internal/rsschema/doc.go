// Package rsschema writes down what the types of rsmodels and rsevent say: a JSON
// Schema for each HS Admin document, and an AsyncAPI document of all events. Both
// are made from the Go types, their json tags and their validator tags, so that
// there is one source; the generate program writes the files that are checked in,
// and tests beside them hold that they are current.
//
// It stands apart from rsmodels so that importing that package compiles neither
// reflection over schemas nor YAML.
package rsschema
