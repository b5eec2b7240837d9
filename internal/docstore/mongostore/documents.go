package mongostore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/hexplane/hexplane/internal/docstore"
)

// A document's key is its collection, the separator and its id, so that the keys of a
// collection lie together, in the order of the ids. Names of fields are made likewise.
const (
	separator = "/"
	afterAll  = "0" // the byte after the separator
)

func key(collection, id string) string { return collection + separator + id }

// document is a document as stored. A tombstone has version 0, and neither data nor
// fields.
type document struct {
	Key     string     `bson:"_id,omitempty"`
	Seq     int64      `bson:"seq"` // the commit that it comes from
	Version int64      `bson:"version"`
	Data    []byte     `bson:"data,omitempty"`
	Fields  []field    `bson:"fields,omitempty"`
	Deleted *time.Time `bson:"deleted,omitempty"`
}

type field struct {
	Name  string `bson:"name"`
	Value string `bson:"value"`
}

func (d document) record(collection string) docstore.Record {
	return docstore.Record{ID: strings.TrimPrefix(d.Key, key(collection, "")), Version: d.Version, Data: d.Data}
}

// versions returns the versions of the documents that the writes are about.
func (b *Backend) versions(ctx context.Context, writes []docstore.Write) (map[string]int64, error) {
	keys := make([]string, len(writes))
	for i, w := range writes {
		keys[i] = key(w.Collection, w.ID)
	}
	docs, err := find[document](ctx, b.documents, bson.M{"_id": bson.M{"$in": keys}},
		options.Find().SetProjection(bson.M{"version": 1}))
	if err != nil {
		return nil, fmt.Errorf("versions: %w", err)
	}
	versions := make(map[string]int64, len(docs))
	for _, d := range docs {
		versions[d.Key] = d.Version
	}
	return versions, nil
}

// applyDocuments stores what the commit changes, but for documents that a later commit
// has changed: their ids are taken by what does not match.
func (b *Backend) applyDocuments(ctx context.Context, h head) error {
	if len(h.Changes) == 0 {
		return nil
	}
	now := time.Now()
	models := make([]mongo.WriteModel, len(h.Changes))
	for i, c := range h.Changes {
		doc := document{Seq: h.Seq, Version: c.Version, Data: c.Data, Fields: c.Fields}
		if c.Version == 0 {
			doc.Deleted = &now
		}
		models[i] = mongo.NewReplaceOneModel().SetReplacement(doc).SetUpsert(true).SetFilter(bson.M{
			"_id": c.Key, "seq": bson.M{"$lt": h.Seq},
		})
	}
	_, err := b.documents.BulkWrite(ctx, models, options.BulkWrite().SetOrdered(false))
	return onlyDuplicates(err)
}

// living leaves tombstones out.
func living() bson.M { return bson.M{"$gt": 0} }

// Get implements docstore.Backend.
func (b *Backend) Get(ctx context.Context, collection, id string) (docstore.Record, error) {
	var doc document
	err := mongo.ErrNoDocuments
	if plain(id) { // else there is none
		err = b.documents.FindOne(ctx, bson.M{"_id": key(collection, id), "version": living()}).Decode(&doc)
	}
	if errors.Is(err, mongo.ErrNoDocuments) {
		return docstore.Record{}, fmt.Errorf("%w: %s/%s", docstore.ErrNotFound, collection, id)
	}
	if err != nil {
		return docstore.Record{}, wrap("get", err)
	}
	return doc.record(collection), nil
}

// Find implements docstore.Backend.
func (b *Backend) Find(ctx context.Context, q docstore.Query) ([]docstore.Record, error) {
	for _, text := range []string{q.From, q.To, q.After} {
		if !plain(text) {
			return nil, wrap("find", fmt.Errorf("%w: %q", errText, text))
		}
	}
	opts := options.Find().SetSort(bson.M{"_id": 1}).SetLimit(int64(q.Limit)).
		SetProjection(bson.M{"version": 1, "data": 1})
	docs, err := find[document](ctx, b.documents, filter(q), opts)
	if err != nil {
		return nil, wrap("find", err)
	}
	var records []docstore.Record
	for _, d := range docs {
		records = append(records, d.record(q.Collection))
	}
	return records, nil
}

func filter(q docstore.Query) bson.M {
	f := bson.M{"_id": bson.M{"$gt": key(q.Collection, q.After), "$lt": q.Collection + afterAll}}
	if q.Field == "" {
		f["version"] = living()
		return f
	}
	var value any = bson.M{"$gte": q.From, "$lte": q.To}
	if q.From == q.To {
		value = q.From // the index is in the order of ids already
	}
	f["fields"] = bson.M{"$elemMatch": bson.M{"name": key(q.Collection, q.Field), "value": value}}
	return f
}

func find[T any](ctx context.Context, c *mongo.Collection, filter any, opts ...options.Lister[options.FindOptions]) ([]T, error) {
	cursor, err := c.Find(ctx, filter, opts...)
	if err != nil {
		return nil, err
	}
	var out []T
	return out, cursor.All(ctx, &out)
}
