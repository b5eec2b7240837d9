package statedb

import (
	"encoding/json"

	"github.com/uptrace/bun"

	"github.com/hexplane/hexplane/management"
)

type accountRow struct {
	bun.BaseModel `bun:"table:accounts,alias:t"`

	ID               string `bun:"id,pk"`
	Name             string `bun:"name"`
	OwnerEmail       string `bun:"owner_email"`
	DefaultProjectID string `bun:"default_project_id"`
	CreatedAt        int64  `bun:"created_at"`
	Projects         int64  `bun:"projects"`
}

var accountColumns = columns{name: "lower(name)", foldNames: true}

func (r *accountRow) from(a management.Account) {
	*r = accountRow{
		ID: a.ID, Name: a.Name, OwnerEmail: a.OwnerEmail,
		DefaultProjectID: a.DefaultProjectID, CreatedAt: micros(a.CreatedAt), Projects: int64(a.Projects),
	}
}

func (r *accountRow) to() management.Account {
	return management.Account{
		ID: r.ID, Name: r.Name, OwnerEmail: r.OwnerEmail,
		DefaultProjectID: r.DefaultProjectID, CreatedAt: moment(r.CreatedAt), Projects: int(r.Projects),
	}
}

type projectRow struct {
	bun.BaseModel `bun:"table:projects,alias:t"`

	ID         string                      `bun:"id,pk"`
	AccountID  string                      `bun:"account_id"`
	Name       string                      `bun:"name"`
	Namespace  string                      `bun:"namespace"`
	Default    bool                        `bun:"is_default"`
	Protected  bool                        `bun:"protected"`
	Selector   jsonText[map[string]string] `bun:"selector"`
	Clusters   jsonText[[]string]          `bun:"clusters"`
	Generation int64                       `bun:"generation"`
	Sequence   int64                       `bun:"sequence"`
	Revision   int64                       `bun:"revision"`
	CreatedAt  int64                       `bun:"created_at"`
	DeletedAt  int64                       `bun:"deleted_at"`
	PurgeAt    int64                       `bun:"purge_at"`
	Purging    bool                        `bun:"purging"`
	CheckAt    int64                       `bun:"check_at"`
}

var projectColumns = columns{
	account: "account_id", name: "lower(name)", foldNames: true,
	live: "deleted_at = 0", deleted: "deleted_at > 0 AND deleted_at >= ?",
	check: "check_at > 0 AND check_at <= ?", purge: "purge_at > 0 AND purge_at <= ? AND NOT purging",
}

func (r *projectRow) from(p management.Project) {
	*r = projectRow{
		ID: p.ID, AccountID: p.AccountID, Name: p.Name, Namespace: p.Namespace, Default: p.Default,
		Protected: p.Protected, Selector: jsonText[map[string]string]{p.Selector}, Clusters: jsonText[[]string]{p.Clusters}, Generation: p.Generation,
		Sequence: p.Sequence, Revision: p.Revision, CreatedAt: micros(p.CreatedAt),
		DeletedAt: micros(p.DeletedAt), PurgeAt: micros(p.PurgeAt), Purging: p.Purging, CheckAt: micros(p.CheckAt),
	}
}

func (r *projectRow) to() management.Project {
	return management.Project{
		ID: r.ID, AccountID: r.AccountID, Name: r.Name, Namespace: r.Namespace, Default: r.Default,
		Protected: r.Protected, Selector: r.Selector.value, Clusters: r.Clusters.value, Generation: r.Generation, Sequence: r.Sequence, Revision: r.Revision,
		CreatedAt: moment(r.CreatedAt), DeletedAt: moment(r.DeletedAt), PurgeAt: moment(r.PurgeAt),
		Purging: r.Purging, CheckAt: moment(r.CheckAt),
	}
}

type portRow struct {
	bun.BaseModel `bun:"table:ports,alias:t"`

	ID         string `bun:"id,pk"`
	ProjectID  string `bun:"project_id"`
	AccountID  string `bun:"account_id"`
	Kind       string `bun:"kind"`
	Spec       string `bun:"spec"`
	Generation int64  `bun:"generation"`
	CreatedAt  int64  `bun:"created_at"`
	DeletedAt  int64  `bun:"deleted_at"`
	CheckAt    int64  `bun:"check_at"`
}

var portColumns = columns{
	account: "account_id", project: "project_id = ?", live: "deleted_at = 0",
	check: "check_at > 0 AND check_at <= ?",
}

func (r *portRow) from(p management.Port) {
	*r = portRow{
		ID: p.ID, ProjectID: p.ProjectID, AccountID: p.AccountID, Kind: p.Kind, Spec: string(p.Spec),
		Generation: p.Generation, CreatedAt: micros(p.CreatedAt), DeletedAt: micros(p.DeletedAt),
		CheckAt: micros(p.CheckAt),
	}
}

func (r *portRow) to() management.Port {
	return management.Port{
		ID: r.ID, ProjectID: r.ProjectID, AccountID: r.AccountID, Kind: r.Kind, Spec: json.RawMessage(r.Spec),
		Generation: r.Generation, CreatedAt: moment(r.CreatedAt), DeletedAt: moment(r.DeletedAt),
		CheckAt: moment(r.CheckAt),
	}
}

type kindRow struct {
	bun.BaseModel `bun:"table:kinds,alias:t"`

	Name      string `bun:"id,pk"`
	Schema    string `bun:"spec_schema"`
	CreatedAt int64  `bun:"created_at"`
}

func (r *kindRow) from(k management.Kind) {
	*r = kindRow{Name: k.Name, Schema: string(k.Schema), CreatedAt: micros(k.CreatedAt)}
}

func (r *kindRow) to() management.Kind {
	return management.Kind{Name: r.Name, Schema: json.RawMessage(r.Schema), CreatedAt: moment(r.CreatedAt)}
}
