package usecase

import (
	"context"
	"errors"
	"time"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/accounts/domain"
)

// inactivePage is how many devices the deletion job reads at once.
const inactivePage = 200

// InactiveResult says what one run of the deletion job did.
type InactiveResult struct{ Deleted, Alerted int }

// DeleteInactiveDevices deletes the devices whose deletion timestamp has come, and
// warns once of those that will be deleted soon. Several runs at the same time do no
// harm.
func (a *App) DeleteInactiveDevices(ctx context.Context) (InactiveResult, error) {
	var result InactiveResult
	now := a.cfg.Now().UTC()
	until := now.Add(a.cfg.AlertBefore).Format(time.RFC3339)
	after := ""
	for {
		docs, err := a.devices.FindBetween(ctx, "deletion", "0", until, after, inactivePage)
		if err != nil {
			return result, err
		}
		for _, doc := range docs {
			after = doc.ID
			if err := a.retire(ctx, doc, now, &result); err != nil {
				return result, err
			}
		}
		if len(docs) < inactivePage {
			return result, nil
		}
	}
}

// retire deletes a device or warns of its deletion, whatever is due.
func (a *App) retire(ctx context.Context, doc docstore.Document[domain.Device], now time.Time, result *InactiveResult) error {
	account, err := a.living(ctx, doc.Value.AccountID)
	if err != nil {
		return ignoreMissing(err) // it is being deleted as a whole
	}
	days, err := a.maxInactiveDays(ctx, account.Value)
	if err != nil {
		return err
	}
	due := domain.DeletionTimestamp(doc.Value.Device, days)
	alerted := doc.Value.AlertedFor
	switch {
	case due == nil:
		return a.recalculateDevice(ctx, doc, days)
	case !due.After(now):
		return a.deleteInactive(ctx, doc, *due, now, result)
	case due.After(now.Add(a.cfg.AlertBefore)) || alerted != nil && alerted.Equal(*due):
		return nil
	}
	return a.alertInactive(ctx, doc, *due, now, result)
}

func (a *App) deleteInactive(
	ctx context.Context, doc docstore.Document[domain.Device], due, now time.Time, result *InactiveResult,
) error {
	deleted, err := provisioned(rsevent.TypeDeviceDeleted, doc.Value.AccountID, doc.Value.Device)
	if err != nil {
		return err
	}
	told, err := notification(rsevent.TypeDeviceInactiveDeleted, doc.Value.Device, due, now)
	if err != nil {
		return err
	}
	err = a.devices.Delete(ctx, doc.ID, doc.Version, append(deleted, told)...)
	if err == nil {
		result.Deleted++
	}
	return ignoreChanged(err)
}

func (a *App) alertInactive(
	ctx context.Context, doc docstore.Document[domain.Device], due, now time.Time, result *InactiveResult,
) error {
	told, err := notification(rsevent.TypeDeviceInactiveDeleteAlert, doc.Value.Device, due, now)
	if err != nil {
		return err
	}
	doc.Value.AlertedFor = &due
	_, err = a.devices.Replace(ctx, doc, told)
	if err == nil {
		result.Alerted++
	}
	return ignoreChanged(err)
}

func notification(eventType string, d rsevent.Device, due, now time.Time) (*eventbus.Message, error) {
	return eventbus.NewMessage(rsevent.TopicNotification, eventType, d.AccountID, rsevent.DeviceNotification{
		AccountID: d.AccountID, ISPID: d.ISPID, DeviceID: d.DeviceID, Name: d.Name,
		DeletionTimestamp: &due, Timestamp: now,
	})
}

// ignoreChanged leaves a device that changed since it was read to the next run.
func ignoreChanged(err error) error {
	if errors.Is(err, docstore.ErrConflict) {
		return nil
	}
	return ignoreMissing(err)
}

// RunDeletion runs DeleteInactiveDevices regularly until ctx ends. Failures are
// logged and tried again.
func (a *App) RunDeletion(ctx context.Context, every time.Duration) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		result, err := a.DeleteInactiveDevices(ctx)
		if err != nil && ctx.Err() == nil {
			a.cfg.Log.WarnContext(ctx, "inactive devices not all deleted, will retry", "error", err)
		}
		if result != (InactiveResult{}) {
			a.cfg.Log.InfoContext(ctx, "inactive devices", "deleted", result.Deleted, "alerted", result.Alerted)
		}
	}
}
