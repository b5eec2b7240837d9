package docstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"github.com/hexplane/hexplane/eventbus"
)

// updateAttempts bounds the retries of Update and Upsert. Each failed attempt means
// that another writer made progress.
const updateAttempts = 16

// pageSize is how many documents All reads at once.
const pageSize = 256

// Index names a field that Find can search by.
type Index[T any] struct {
	name  string
	value func(T) string
}

// IndexBy returns an index over the value that fn returns. Documents with an empty
// value are not in the index.
func IndexBy[T any](name string, fn func(T) string) Index[T] {
	return Index[T]{name: name, value: fn}
}

// Collection is a typed set of documents, stored as JSON. Collections of one store
// with the same name share their documents.
type Collection[T any] struct {
	store   *Store
	name    string
	indexes []Index[T]
}

// NewCollection returns the collection of that name.
func NewCollection[T any](s *Store, name string, indexes ...Index[T]) *Collection[T] {
	return &Collection[T]{store: s, name: name, indexes: indexes}
}

// Insert stores a new document, or returns ErrExists.
func (c *Collection[T]) Insert(ctx context.Context, id string, value T, events ...*eventbus.Message) (Document[T], error) {
	return c.write(ctx, OpInsert, Document[T]{ID: id, Value: value}, events)
}

// Replace stores doc.Value when doc.Version is still the stored version, and returns
// the document with its new version. It returns ErrNotFound or ErrConflict.
func (c *Collection[T]) Replace(ctx context.Context, doc Document[T], events ...*eventbus.Message) (Document[T], error) {
	return c.write(ctx, OpReplace, doc, events)
}

// Delete removes the document when its version is still the stored one; version 0
// means any. It returns ErrNotFound or ErrConflict.
func (c *Collection[T]) Delete(ctx context.Context, id string, version int64, events ...*eventbus.Message) error {
	entries, err := encodeEvents(ctx, events)
	if err != nil {
		return err
	}
	w := Write{Collection: c.name, ID: id, Op: OpDelete, Version: version, Events: entries}
	_, err = c.store.write(ctx, w)
	return err
}

// Get returns the document with that id, or ErrNotFound.
func (c *Collection[T]) Get(ctx context.Context, id string) (Document[T], error) {
	rec, err := c.store.backend.Get(ctx, c.name, id)
	if err != nil {
		return Document[T]{}, err
	}
	return decode[T](rec)
}

// Page returns up to limit documents with ids after the given one.
func (c *Collection[T]) Page(ctx context.Context, after string, limit int) ([]Document[T], error) {
	return c.find(ctx, Query{Collection: c.name, After: after, Limit: limit})
}

// Find returns up to limit documents whose indexed field has that value, with ids
// after the given one.
func (c *Collection[T]) Find(ctx context.Context, field, value, after string, limit int) ([]Document[T], error) {
	return c.FindBetween(ctx, field, value, value, after, limit)
}

// FindBetween is Find for the values from..to, both included, compared as strings.
// The result is in the order of the ids, not of the values.
func (c *Collection[T]) FindBetween(
	ctx context.Context, field, from, to, after string, limit int,
) ([]Document[T], error) {
	return c.find(ctx, Query{Collection: c.name, Field: field, From: from, To: to, After: after, Limit: limit})
}

// All streams every document whose indexed field has that value; an empty field
// means every document. It reads pages, so it sees changes made meanwhile.
func (c *Collection[T]) All(ctx context.Context, field, value string) iter.Seq2[Document[T], error] {
	return func(yield func(Document[T], error) bool) {
		q := Query{Collection: c.name, Field: field, From: value, To: value, Limit: pageSize}
		for {
			docs, err := c.find(ctx, q)
			if err != nil {
				yield(Document[T]{}, err)
				return
			}
			for _, doc := range docs {
				if !yield(doc, nil) {
					return
				}
				q.After = doc.ID
			}
			if len(docs) < pageSize {
				return
			}
		}
	}
}

// Update reads the document, lets change alter it and say which events that causes,
// and replaces it, again from the start when another writer was faster. An error of
// change is returned as it is, except Keep, and nothing is written. It returns
// ErrNotFound, or ErrConflict when other writers win too often.
func (c *Collection[T]) Update(
	ctx context.Context, id string, change func(*T) ([]*eventbus.Message, error),
) (Document[T], error) {
	return c.Upsert(ctx, id, func(value *T, found bool) ([]*eventbus.Message, error) {
		if !found {
			return nil, ErrNotFound
		}
		return change(value)
	})
}

// Upsert is Update that inserts when there is no such document: change then gets the
// zero value and found is false.
func (c *Collection[T]) Upsert(
	ctx context.Context, id string, change func(value *T, found bool) ([]*eventbus.Message, error),
) (Document[T], error) {
	for range updateAttempts {
		doc, err := c.Get(ctx, id)
		found := err == nil
		if err != nil && !errors.Is(err, ErrNotFound) {
			return Document[T]{}, err
		}
		doc.ID = id
		before := doc
		events, err := change(&doc.Value, found)
		if errors.Is(err, Keep) {
			return before, nil
		}
		if err != nil {
			return Document[T]{}, err
		}
		op := OpInsert
		if found {
			op = OpReplace
		}
		doc, err = c.write(ctx, op, doc, events)
		if err == nil || !lostRace(err) {
			return doc, err
		}
	}
	return Document[T]{}, fmt.Errorf("%w: %s/%s changes too often", ErrConflict, c.name, id)
}

// lostRace tells whether reading again can make the write succeed.
func lostRace(err error) bool {
	return errors.Is(err, ErrConflict) || errors.Is(err, ErrExists) || errors.Is(err, ErrNotFound)
}

func (c *Collection[T]) write(
	ctx context.Context, op Op, doc Document[T], events []*eventbus.Message,
) (Document[T], error) {
	if doc.ID == "" {
		return Document[T]{}, fmt.Errorf("docstore: %s: a document needs an id", c.name)
	}
	data, err := json.Marshal(doc.Value)
	if err != nil {
		return Document[T]{}, fmt.Errorf("docstore: encode %s/%s: %w", c.name, doc.ID, err)
	}
	entries, err := encodeEvents(ctx, events)
	if err != nil {
		return Document[T]{}, err
	}
	w := Write{
		Collection: c.name, ID: doc.ID, Op: op, Version: doc.Version,
		Data: data, Fields: c.fields(doc.Value), Events: entries,
	}
	doc.Version, err = c.store.write(ctx, w)
	if err != nil {
		return Document[T]{}, err
	}
	return doc, nil
}

func (c *Collection[T]) fields(value T) []Field {
	var fields []Field
	for _, ix := range c.indexes {
		if v := ix.value(value); v != "" {
			fields = append(fields, Field{Name: ix.name, Value: v})
		}
	}
	return fields
}

func (c *Collection[T]) find(ctx context.Context, q Query) ([]Document[T], error) {
	q.Limit = max(q.Limit, 1)
	records, err := c.store.backend.Find(ctx, q)
	if err != nil {
		return nil, err
	}
	docs := make([]Document[T], 0, len(records))
	for _, rec := range records {
		doc, err := decode[T](rec)
		if err != nil {
			return nil, err
		}
		docs = append(docs, doc)
	}
	return docs, nil
}

func decode[T any](rec Record) (Document[T], error) {
	doc := Document[T]{ID: rec.ID, Version: rec.Version}
	if err := json.Unmarshal(rec.Data, &doc.Value); err != nil {
		return Document[T]{}, fmt.Errorf("docstore: decode %s: %w", rec.ID, err)
	}
	return doc, nil
}
