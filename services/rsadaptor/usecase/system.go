package usecase

import (
	"context"

	"github.com/hexplane/hexplane/hsadmin"
	"github.com/hexplane/hexplane/rsmodels"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

// RouterProtectionUpdated writes an ISP's DNS servers and allowed addresses.
func (a *Adaptor) RouterProtectionUpdated(ctx context.Context, e rsevent.RSRouterProtectionUpdated) error {
	dns, err := rsmodels.BuildRouterDNS(e)
	if err != nil {
		return a.finish(ctx, rsevent.TypeRSRouterProtectionUpdated, e.Request, err)
	}
	addresses, err := rsmodels.BuildRouterAllowedIP(e)
	outcome := a.write(ctx, e.ISPID, err, dns, addresses)
	return a.finish(ctx, rsevent.TypeRSRouterProtectionUpdated, e.Request, outcome)
}

// SystemUpdated writes an ISP's general settings.
func (a *Adaptor) SystemUpdated(ctx context.Context, e rsevent.RSSystemUpdated) error {
	doc, err := rsmodels.BuildGeneral(e)
	return a.finish(ctx, rsevent.TypeRSSystemUpdated, e.Request, a.write(ctx, e.ISPID, err, doc))
}

// AgentPackageCreated writes an agent package.
func (a *Adaptor) AgentPackageCreated(ctx context.Context, e rsevent.RSAgentPackageCreated) error {
	doc, err := rsmodels.BuildAgentPackage(e.Package)
	return a.finish(ctx, rsevent.TypeRSAgentPackageCreated, e.Request, a.write(ctx, e.Package.ISPID, err, doc))
}

// AgentsUpdated writes the list of an ISP's agent packages.
func (a *Adaptor) AgentsUpdated(ctx context.Context, e rsevent.RSAgentsUpdated) error {
	doc, err := rsmodels.BuildAgentVersions(e)
	return a.finish(ctx, rsevent.TypeRSAgentsUpdated, e.Request, a.write(ctx, e.ISPID, err, doc))
}

// DefaultAgentsUpdated writes which agent package each target runs by default.
func (a *Adaptor) DefaultAgentsUpdated(ctx context.Context, e rsevent.RSDefaultAgentsUpdated) error {
	doc, err := rsmodels.BuildAgentDefault(e)
	return a.finish(ctx, rsevent.TypeRSDefaultAgentsUpdated, e.Request, a.write(ctx, e.ISPID, err, doc))
}

// write puts documents that were built, the last of them with that error.
func (a *Adaptor) write(ctx context.Context, ispID string, built error, docs ...hsadmin.Document) error {
	if built != nil {
		return built
	}
	realm, err := a.realms.Realm(ispID)
	if err != nil {
		return err
	}
	for _, doc := range docs {
		if err := realm.Put(ctx, doc); err != nil {
			return err
		}
	}
	return nil
}
