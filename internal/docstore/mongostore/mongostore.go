package mongostore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/groupcommit"
)

const (
	// batchLimit is how many writes share a commit.
	batchLimit = 256
	// finishTimeout bounds the steps from a commit on: they are finished whatever
	// becomes of the caller's context.
	finishTimeout = 30 * time.Second
	// tombstoneLife is in seconds.
	tombstoneLife = 7 * 24 * 60 * 60
)

// ErrUsed reports that the collections hold what was written before, though Config asks
// for fresh ones.
var ErrUsed = errors.New("the database is in use: name another one, or drop the collections")

// Config says how a backend shares its database.
type Config struct {
	// Prefix begins the names of the backend's collections, followed by a dot.
	// Services with prefixes of their own share a database without meeting.
	Prefix string
	// Fresh refuses collections that hold a write, with ErrUsed.
	Fresh bool
	Now   func() time.Time // the clock of leases; default time.Now
}

// Backend implements docstore.Backend. Several processes may work with the same
// collections.
type Backend struct {
	heads, documents, outbox *mongo.Collection

	now    func() time.Time
	writes *groupcommit.Group[struct{}, docstore.Write, outcome]
	tip    *head // the last commit known; nil: look. Belongs to the batch of writes under way
	close  func() error

	// applying is held while a commit is made and applied, so that no other call of this
	// process does the same work again.
	applying sync.Mutex
}

// New returns a backend in db, whose collections it makes when they are absent, and
// finishes what a crash interrupted. The caller keeps and disconnects the client.
func New(ctx context.Context, db *mongo.Database, cfg Config) (*Backend, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	opts := options.Collection().SetReadPreference(readpref.Primary()).
		SetReadConcern(readconcern.Majority()).SetWriteConcern(writeconcern.Majority())
	b := &Backend{
		// The newest commit counts here, whether a majority has it or not: building on
		// one that is rolled back fails.
		heads:     db.Collection(cfg.Prefix+".head", opts, options.Collection().SetReadConcern(readconcern.Local())),
		documents: db.Collection(cfg.Prefix+".documents", opts),
		outbox:    db.Collection(cfg.Prefix+".outbox", opts),
		now:       cfg.Now,
		close:     func() error { return nil },
	}
	b.writes = groupcommit.New(batchLimit, b.writeAll)
	if err := b.prepare(ctx); err != nil {
		return nil, wrap("open", err)
	}
	h, err := b.catchUp(ctx)
	if err == nil && cfg.Fresh && h.Seq > 0 {
		err = fmt.Errorf("%w: %s, %s.*", ErrUsed, db.Name(), cfg.Prefix)
	}
	if err != nil {
		return nil, wrap("open", err)
	}
	return b, nil
}

func (b *Backend) prepare(ctx context.Context) error {
	for collection, models := range map[*mongo.Collection][]mongo.IndexModel{
		b.documents: {
			{Keys: bson.D{{Key: "fields.name", Value: 1}, {Key: "fields.value", Value: 1}, {Key: "_id", Value: 1}}},
			{Keys: bson.D{{Key: "deleted", Value: 1}}, Options: options.Index().SetExpireAfterSeconds(tombstoneLife)},
		},
		b.outbox: {
			{Keys: bson.D{{Key: "waiting", Value: 1}, {Key: "_id", Value: 1}}},
			{Keys: bson.D{{Key: "until", Value: 1}}},
		},
	} {
		if _, err := collection.Indexes().CreateMany(ctx, models); err != nil {
			return fmt.Errorf("index %s: %w", collection.Name(), err)
		}
	}
	_, err := b.heads.InsertOne(ctx, head{ID: headID, Applied: true, First: 1, Next: 1, Low: 1})
	if mongo.IsDuplicateKeyError(err) {
		return nil
	}
	return err
}

// Close implements docstore.Backend. It disconnects the client if Open made it.
func (b *Backend) Close() error { return b.close() }

// finish returns the context for steps that are not given up halfway.
func finish(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
}

// onlyDuplicates turns the error of an unordered bulk into nil when all that failed
// did because it was there.
func onlyDuplicates(err error) error {
	var bulk mongo.BulkWriteException
	if !errors.As(err, &bulk) || bulk.WriteConcernError != nil {
		return err
	}
	for _, failed := range bulk.WriteErrors {
		if !mongo.IsDuplicateKeyError(failed) {
			return err
		}
	}
	return nil
}

// wrap says where an error comes from; the port's own errors still match.
func wrap(op string, err error) error {
	return fmt.Errorf("mongostore: %s: %w", op, err)
}

// wrapped is wrap of an error that may be nil.
func wrapped(op string, err error) error {
	if err == nil {
		return nil
	}
	return wrap(op, err)
}
