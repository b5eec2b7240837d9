// Package store lays rsclient's tables out over a document store.
package store

import (
	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/services/rsclient/domain"
	"github.com/hexplane/hexplane/services/rsclient/usecase"
)

// Tables are the tables in a store. What is deleted is in no index but its own.
func Tables(docs *docstore.Store) usecase.Tables {
	return usecase.Tables{
		Accounts: docstore.NewCollection(docs, "accounts",
			docstore.IndexBy(usecase.FieldISP, func(c domain.Account) string { return ifKnown(c.Copy, c.Value.ISPID) }),
			docstore.IndexBy(usecase.FieldBuried, func(c domain.Account) string { return usecase.BuriedKey(c.Buried) })),
		Users: docstore.NewCollection(docs, "users",
			docstore.IndexBy(usecase.FieldAccount, func(c domain.User) string { return ifKnown(c, c.Value.AccountID) }),
			docstore.IndexBy(usecase.FieldBuried, func(c domain.User) string { return usecase.BuriedKey(c.Buried) })),
		Devices: docstore.NewCollection(docs, "devices",
			docstore.IndexBy(usecase.FieldAccount, func(c domain.Device) string { return ifKnown(c, c.Value.AccountID) }),
			docstore.IndexBy(usecase.FieldBuried, func(c domain.Device) string { return usecase.BuriedKey(c.Buried) })),
		ISPs:     docstore.NewCollection[domain.ISP](docs, "isps"),
		Agents:   docstore.NewCollection[domain.Agents](docs, "agents"),
		Settings: docstore.NewCollection[domain.Settings](docs, "settings"),
		Associations: docstore.NewCollection(docs, "associations",
			docstore.IndexBy(usecase.FieldPackage, func(a domain.Association) string {
				return usecase.PackageKey(a.ISPID, a.PackageID)
			})),
		Confirmations: docstore.NewCollection[domain.Confirmation](docs, "confirmations"),
	}
}

func ifKnown[T any](c domain.Copy[T], value string) string {
	if !c.Known() {
		return ""
	}
	return value
}
