package usecase

import (
	"context"
	"fmt"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/internal/synctask"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

// bulkRequests yields an ISP's accounts in bulks of the given size. A bulk is
// named after its accounts, so that when accounts come or go before the stream is
// repeated no account falls between two bulks.
func (t Tables) bulkRequests(size int) func(context.Context, asynctask.Task) synctask.Requests {
	return func(ctx context.Context, task asynctask.Task) synctask.Requests {
		request, err := synctask.Payload[rsevent.RSSyncAccounts](task)
		if err != nil {
			return synctask.Fail(err)
		}
		return func(yield func(asynctask.Request, error) bool) {
			after := ""
			for {
				docs, err := t.Accounts.Find(ctx, FieldISP, request.ISPID, after, size)
				if err != nil {
					yield(asynctask.Request{}, fmt.Errorf("rsclient: accounts: %w", err))
					return
				}
				if len(docs) == 0 {
					return
				}
				ids := make([]string, len(docs))
				for i, doc := range docs {
					ids[i] = doc.ID
				}
				if !yield(bulk(request.ISPID, ids)) {
					return
				}
				after = ids[len(ids)-1]
			}
		}
	}
}

func bulk(ispID string, accountIDs []string) (asynctask.Request, error) {
	name, err := synctask.Digest(accountIDs)
	return asynctask.Request{
		Name: name, Topic: rsevent.TopicClientRequest, EventType: rsevent.TypeRSSyncAccountsBulk,
		Payload: rsevent.RSSyncAccountsBulk{ISPID: ispID, AccountIDs: accountIDs},
	}, err
}

// deviceRequests yields every device of a bulk of accounts as it is now, all from
// one view of the ISP's settings: a change of those starts a push of its own. An
// account that is gone, or that is another ISP's, is left out.
func (t Tables) deviceRequests(ctx context.Context, task asynctask.Task) synctask.Requests {
	request, err := synctask.Payload[rsevent.RSSyncAccountsBulk](task)
	if err != nil {
		return synctask.Fail(err)
	}
	view, err := t.household(ctx, rsevent.Account{ISPID: request.ISPID})
	if err != nil {
		return synctask.Fail(err)
	}
	return func(yield func(asynctask.Request, error) bool) {
		for _, id := range request.AccountIDs {
			more, err := view.accountRequests(ctx, id, yield)
			if err != nil {
				yield(asynctask.Request{}, err)
				return
			}
			if !more {
				return
			}
		}
	}
}

// accountRequests yields the devices of one account. It returns false when the
// consumer of the stream wants no more.
func (h *household) accountRequests(ctx context.Context, accountID string,
	yield func(asynctask.Request, error) bool,
) (bool, error) {
	account, _, err := lookup(ctx, h.tables.Accounts, accountID)
	if err != nil {
		return false, fmt.Errorf("rsclient: account: %w", err)
	}
	if !account.Known() || account.Value.ISPID != h.account.ISPID {
		return true, nil
	}
	h = h.of(account.Value)
	for doc, err := range h.tables.Devices.All(ctx, FieldAccount, accountID) {
		if err != nil {
			return false, fmt.Errorf("rsclient: devices: %w", err)
		}
		request, err := h.deviceRequest(ctx, doc.Value.Value)
		if err != nil {
			return false, err
		}
		if !yield(request, nil) {
			return false, nil
		}
	}
	return true, nil
}

func (h *household) deviceRequest(ctx context.Context, device rsevent.Device) (asynctask.Request, error) {
	resolved, err := h.resolve(ctx, device)
	if err != nil {
		return asynctask.Request{}, err
	}
	return synctask.Versioned(asynctask.Request{
		Name: device.DeviceID, Topic: rsevent.TopicProvision, EventType: rsevent.TypeRSDeviceCreated,
		Key: device.AccountID, Payload: rsevent.RSDevice{ResolvedDevice: resolved},
	})
}
