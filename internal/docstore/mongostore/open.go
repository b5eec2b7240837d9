package mongostore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/connstring"
)

const (
	// patience bounds how long Open, and each operation after it, waits for a primary,
	// unless the URI says it with serverSelectionTimeoutMS.
	patience = 10 * time.Second
	// defaultDatabase is used when the URI names none.
	defaultDatabase = "hexplane"
)

// errURI stands for what is wrong with a URI, which would repeat its password.
var errURI = errors.New("not a valid MongoDB URI")

// Open connects to the deployment that the URI names and returns New's backend in the
// database that its path names, or else in one named hexplane. It fails after ten
// seconds without a primary. Close disconnects.
func Open(ctx context.Context, uri string, cfg Config) (*Backend, error) {
	parsed, err := connstring.ParseAndValidate(uri)
	if err != nil {
		return nil, wrap("open", errURI)
	}
	opts := options.Client().ApplyURI(uri)
	if opts.ServerSelectionTimeout == nil {
		opts.SetServerSelectionTimeout(patience)
	}
	client, err := mongo.Connect(opts)
	if err != nil {
		return nil, wrap("open", errURI)
	}
	disconnect := func() error { return client.Disconnect(context.WithoutCancel(ctx)) }
	if err := client.Ping(ctx, readpref.Primary()); err != nil {
		return nil, errors.Join(fmt.Errorf("mongostore: no primary answers: %w", err), disconnect())
	}
	name := parsed.Database
	if name == "" {
		name = defaultDatabase
	}
	b, err := New(ctx, client.Database(name), cfg)
	if err != nil {
		return nil, errors.Join(err, disconnect())
	}
	b.close = disconnect
	return b, nil
}
