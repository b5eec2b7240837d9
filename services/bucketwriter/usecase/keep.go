// Package usecase holds what bucketwriter does: each page becomes one object of a
// bucket, under a key that says whose it is and of which day.
package usecase

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

// Bucket is a store of objects. Put stores an object durably under a key, in place of
// one with the same key. Keys are slash-separated names.
type Bucket interface {
	Put(ctx context.Context, key string, data []byte) error
}

// Pages keeps visited pages. It may be used concurrently.
type Pages struct{ bucket Bucket }

// NewPages returns the use cases over a bucket.
func NewPages(bucket Bucket) *Pages { return &Pages{bucket} }

// Keep stores a page. The key follows from the message's id, so a message that comes
// again writes the same object again.
func (p *Pages) Keep(ctx context.Context, messageID string, page rsevent.WSPRequest) error {
	data, err := json.Marshal(page)
	if err != nil {
		return fmt.Errorf("bucketwriter: encode page: %w", err)
	}
	return p.bucket.Put(ctx, key(messageID, page), data)
}

// key puts the pages of one account and day side by side. The names before the equal
// signs keep ids such as ".." from meaning anything to a file system.
func key(messageID string, page rsevent.WSPRequest) string {
	return fmt.Sprintf("isp=%s/account=%s/day=%s/%s.json",
		page.ISPID, page.AccountID, page.Timestamp.UTC().Format(time.DateOnly), name(messageID))
}

// name returns an id that is fit for a key.
func name(messageID string) string {
	if id, err := uuid.Parse(messageID); err == nil {
		return id.String()
	}
	sum := sha256.Sum256([]byte(messageID))
	return hex.EncodeToString(sum[:])
}
