package mongostore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/hexplane/hexplane/internal/docstore"
)

const (
	// commitAttempts bounds the tries of one commit. Each that fails means that
	// another process committed.
	commitAttempts = 100
	// commitBytes is how much data the writes of one commit have, unless it is one
	// write alone: well below the size of a BSON document.
	commitBytes = 4 << 20
)

// errText refuses what MongoDB does not keep as it is.
var errText = errors.New("text is not UTF-8 without NUL")

// outcome is what one of several writes comes to.
type outcome struct {
	version int64
	err     error
}

// Write implements docstore.Backend.
func (b *Backend) Write(ctx context.Context, w docstore.Write) (int64, error) {
	if err := check(w); err != nil {
		return 0, wrap("write", err)
	}
	out, err := b.writes.Do(ctx, struct{}{}, w)
	if err == nil {
		err = out.err
	}
	if err != nil {
		return 0, wrap("write", err)
	}
	return out.version, nil
}

// check refuses a write whose texts could not be found again.
func check(w docstore.Write) error {
	texts := []string{w.Collection, w.ID}
	for _, f := range w.Fields {
		texts = append(texts, f.Name, f.Value)
	}
	for _, e := range w.Events {
		texts = append(texts, e.Stream)
	}
	for _, text := range texts {
		if !plain(text) {
			return fmt.Errorf("%w: %q", errText, text)
		}
	}
	if strings.Contains(w.Collection, separator) {
		return fmt.Errorf("collection %q has a %q", w.Collection, separator)
	}
	return nil
}

func plain(text string) bool { return utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 }

// writeAll makes the writes in their order, in as few commits as their size allows.
func (b *Backend) writeAll(ctx context.Context, _ struct{}, writes []docstore.Write) ([]outcome, error) {
	var out []outcome
	for len(writes) > 0 {
		n := fitting(writes)
		done, err := b.writeSome(ctx, writes[:n])
		if err != nil {
			b.tip = nil // whether it was committed is unknown
			done = make([]outcome, n)
			for i := range done {
				done[i].err = err
			}
		}
		out, writes = append(out, done...), writes[n:]
	}
	return out, nil
}

// fitting returns how many of the writes, at least one, go into one commit.
func fitting(writes []docstore.Write) int {
	bytes := 0
	for i, w := range writes {
		bytes += len(w.Data)
		for _, e := range w.Events {
			bytes += len(e.Data)
		}
		if i > 0 && bytes > commitBytes {
			return i
		}
	}
	return len(writes)
}

// writeSome makes the writes in one commit.
func (b *Backend) writeSome(ctx context.Context, writes []docstore.Write) ([]outcome, error) {
	for range commitAttempts {
		if b.tip == nil {
			tip, err := b.catchUp(ctx)
			if err != nil {
				return nil, err
			}
			b.tip = &tip
		}
		next, outcomes, err := b.plan(ctx, *b.tip, writes)
		if err != nil || len(next.Changes) == 0 {
			return outcomes, err
		}
		won, err := b.carryOut(ctx, *b.tip, next)
		if err != nil {
			return nil, err
		}
		if won {
			b.tip = &head{Seq: next.Seq, Token: next.Token, Next: next.Next}
			return outcomes, nil
		}
		b.tip = nil
	}
	return nil, fmt.Errorf("%w: other processes commit too often", docstore.ErrConflict)
}

// plan returns the commit that makes those writes which are in order after tip, and
// what becomes of each.
func (b *Backend) plan(ctx context.Context, tip head, writes []docstore.Write) (head, []outcome, error) {
	versions, err := b.versions(ctx, writes)
	if err != nil {
		return head{}, nil, err
	}
	next := head{Seq: tip.Seq + 1, Token: rand.Text(), First: tip.Next}
	outcomes := make([]outcome, len(writes))
	at := map[string]int{} // where in next.Changes a document is
	for i, w := range writes {
		k := key(w.Collection, w.ID)
		if outcomes[i].err = refusal(w, versions[k]); outcomes[i].err != nil {
			continue
		}
		c := changeOf(k, w, versions[k])
		versions[k], outcomes[i].version = c.Version, c.Version
		if j, again := at[k]; again {
			next.Changes[j] = c
		} else {
			at[k], next.Changes = len(next.Changes), append(next.Changes, c)
		}
		for _, e := range w.Events {
			next.Events = append(next.Events, event{Stream: e.Stream, Data: e.Data})
		}
	}
	next.Next = next.First + int64(len(next.Events))
	return next, outcomes, nil
}

// refusal returns why a write must not happen to a document of that version, 0 if there
// is none.
func refusal(w docstore.Write, version int64) error {
	switch {
	case w.Op == docstore.OpInsert && version != 0:
		return docstore.ErrExists
	case w.Op == docstore.OpInsert:
		return nil
	case w.Op != docstore.OpReplace && w.Op != docstore.OpDelete:
		return fmt.Errorf("unknown operation %d", w.Op)
	case version == 0:
		return docstore.ErrNotFound
	case w.Version != 0 && w.Version != version:
		return docstore.ErrConflict
	}
	return nil
}

// changeOf returns what the write makes of a document of that version.
func changeOf(k string, w docstore.Write, version int64) change {
	if w.Op == docstore.OpDelete {
		return change{Key: k}
	}
	c := change{Key: k, Version: version + 1, Data: w.Data}
	for _, f := range w.Fields {
		c.Fields = append(c.Fields, field{Name: key(w.Collection, f.Name), Value: f.Value})
	}
	return c
}

// carryOut commits and applies. Once begun it does not stop with the callers.
func (b *Backend) carryOut(ctx context.Context, tip, next head) (won bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	b.applying.Lock()
	defer b.applying.Unlock()
	ctx, cancel := finish(ctx)
	defer cancel()
	if won, err = b.commit(ctx, tip, next); !won {
		return false, err
	}
	return true, b.apply(ctx, next)
}
