package deadletter

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/hexplane/hexplane/eventbus"
)

// Requeue gives letters back to their groups and notes it. Those that were resolved
// before are left as they are, and the error is ErrNotFound once the others are
// requeued; any other error ends the call. A value that was left out is read from the
// letter's topic; when that has it no more, it is ErrValueGone.
//
// Each call reads what was resolved of each dead-letter topic: give it many letters.
func (d *Desk) Requeue(ctx context.Context, letters ...*Letter) error {
	d.requeues.Lock()
	defer d.requeues.Unlock()
	resolved := make(map[string]map[string]bool) // by dead-letter topic
	var gone []error
	for _, l := range letters {
		if resolved[l.DLQ] == nil {
			var err error
			if resolved[l.DLQ], err = d.resolved(ctx, l.DLQ); err != nil {
				return err
			}
		}
		if resolved[l.DLQ][l.ID] {
			gone = append(gone, fmt.Errorf("%w: %s of %s was resolved", ErrNotFound, l.ID, l.DLQ))
			continue
		}
		if err := d.requeue(ctx, l); err != nil {
			return fmt.Errorf("deadletter: requeue %s of %s: %w", l.ID, l.DLQ, err)
		}
		resolved[l.DLQ][l.ID] = true
	}
	return errors.Join(gone...)
}

func (d *Desk) requeue(ctx context.Context, l *Letter) error {
	if l.Omitted > 0 {
		if err := d.restore(ctx, l); err != nil {
			return err
		}
	}
	rec := *l.Record
	rec.Headers = append(without(rec.Headers, eventbus.HeaderRequeuedFor),
		eventbus.Header{Key: eventbus.HeaderRequeuedFor, Value: l.Group})
	return d.publish(ctx, &rec, l.note(requeued))
}

// restore reads what was left out of a letter from the topic it came from.
func (d *Desk) restore(ctx context.Context, l *Letter) error {
	found := false
	err := d.scanner.Scan(ctx, l.Topic, "", func(rec *eventbus.Record) error {
		if found = rec.Partition == l.Partition && rec.Offset == l.Offset; found {
			l.Record.Value, l.Omitted = bytes.Clone(rec.Value), 0
			return errStop
		}
		return nil
	})
	if !found && err == nil {
		err = fmt.Errorf("%w: offset %d of %s/%d", ErrValueGone, l.Offset, l.Topic, l.Partition)
	}
	if found {
		return nil
	}
	return err
}
