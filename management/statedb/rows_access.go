package statedb

import (
	"encoding/json"

	"github.com/uptrace/bun"

	"github.com/hexplane/hexplane/management"
)

type keyRow struct {
	bun.BaseModel `bun:"table:api_keys,alias:t"`

	ID        string          `bun:"id,pk"`
	Name      string          `bun:"name"`
	AccountID string          `bun:"account_id"`
	Role      management.Role `bun:"role"`
	Hash      []byte          `bun:"hash"`
	CreatedAt int64           `bun:"created_at"`
	ExpiresAt int64           `bun:"expires_at"`
	RevokedAt int64           `bun:"revoked_at"`
}

var keyColumns = columns{account: "account_id"}

func (r *keyRow) from(k management.APIKey) {
	*r = keyRow{
		ID: k.ID, Name: k.Name, AccountID: k.AccountID, Role: k.Role, Hash: k.Hash,
		CreatedAt: micros(k.CreatedAt), ExpiresAt: micros(k.ExpiresAt), RevokedAt: micros(k.RevokedAt),
	}
}

func (r *keyRow) to() management.APIKey {
	return management.APIKey{
		ID: r.ID, Name: r.Name, AccountID: r.AccountID, Role: r.Role, Hash: r.Hash,
		CreatedAt: moment(r.CreatedAt), ExpiresAt: moment(r.ExpiresAt), RevokedAt: moment(r.RevokedAt),
	}
}

type auditRow struct {
	bun.BaseModel `bun:"table:audit,alias:t"`

	ID        string `bun:"id,pk"`
	At        int64  `bun:"at"`
	Actor     string `bun:"actor"`
	Action    string `bun:"action"`
	AccountID string `bun:"account_id"`
	Resource  string `bun:"resource"`
	Before    string `bun:"before_json"`
	After     string `bun:"after_json"`
}

var auditColumns = columns{account: "account_id"}

func (r *auditRow) from(e management.AuditEntry) {
	*r = auditRow{
		ID: e.ID, At: micros(e.At), Actor: e.Actor, Action: e.Action, AccountID: e.AccountID,
		Resource: e.Resource, Before: string(e.Before), After: string(e.After),
	}
}

func (r *auditRow) to() management.AuditEntry {
	return management.AuditEntry{
		ID: r.ID, At: moment(r.At), Actor: r.Actor, Action: r.Action, AccountID: r.AccountID,
		Resource: r.Resource, Before: json.RawMessage(r.Before), After: json.RawMessage(r.After),
	}
}

type operationRow struct {
	bun.BaseModel `bun:"table:operations,alias:t"`

	ID          string                   `bun:"id,pk"`
	Key         string                   `bun:"key"`
	Fingerprint string                   `bun:"fingerprint"`
	Actor       string                   `bun:"actor"`
	Type        management.OperationType `bun:"type"`
	AccountID   string                   `bun:"account_id"`
	ResourceID  string                   `bun:"resource_id"`
	Pending     bool                     `bun:"pending"`
	Intent      string                   `bun:"intent"`
	CreatedAt   int64                    `bun:"created_at"`
}

var operationColumns = columns{
	account: "account_id", name: "key", opType: "type = ?", pending: "pending", created: "created_at < ?",
}

func (r *operationRow) from(o management.Operation) {
	*r = operationRow{
		ID: o.ID, Key: o.Key, Fingerprint: o.Fingerprint, Actor: o.Actor, Type: o.Type,
		AccountID: o.AccountID, ResourceID: o.ResourceID, Pending: o.Pending,
		Intent: string(o.Intent), CreatedAt: micros(o.CreatedAt),
	}
}

func (r *operationRow) to() management.Operation {
	return management.Operation{
		ID: r.ID, Key: r.Key, Fingerprint: r.Fingerprint, Actor: r.Actor, Type: r.Type,
		AccountID: r.AccountID, ResourceID: r.ResourceID, Pending: r.Pending,
		Intent: json.RawMessage(r.Intent), CreatedAt: moment(r.CreatedAt),
	}
}
