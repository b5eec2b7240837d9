package usecase

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
	"github.com/hexplane/hexplane/services/rsclient/domain"
)

// Packages associates routers with agent packages.
type Packages struct {
	tables Tables
	push   *Push
}

// NewPackages returns the use cases over the tables.
func NewPackages(tables Tables, push *Push) *Packages {
	return &Packages{tables: tables, push: push}
}

// accountSet lists accounts without repeating one.
type accountSet []string

func (s *accountSet) add(id string) {
	if id != "" && !slices.Contains(*s, id) {
		*s = append(*s, id)
	}
}

// DeviceError says why the device at Index cannot run a package.
type DeviceError struct {
	Index  int
	Reason string
}

func (e *DeviceError) Error() string {
	return fmt.Sprintf("rsclient: device_ids[%d] %s", e.Index, e.Reason)
}

// Associate makes exactly these routers run a package, and pushes those for which
// that is a change; routers that ran it and are not named go back to the default.
// It returns ErrUnknownPackage or a *DeviceError, and then changes nothing.
func (p *Packages) Associate(ctx context.Context, ispID, packageID string, deviceIDs []string) error {
	target, err := p.target(ctx, ispID, packageID)
	if err != nil {
		return err
	}
	var changed accountSet
	for i, id := range deviceIDs {
		device, err := p.router(ctx, ispID, id)
		if err != nil {
			return err
		}
		if reason := unfit(device, target); reason != "" {
			return &DeviceError{Index: i, Reason: reason}
		}
		changed.add(device.Value.AccountID)
	}
	for _, id := range deviceIDs {
		if err := p.set(ctx, id, domain.Association{ISPID: ispID, PackageID: packageID}); err != nil {
			return err
		}
	}
	if err := p.release(ctx, ispID, packageID, deviceIDs, &changed); err != nil {
		return err
	}
	// The package may have been deleted between the first look and now.
	if _, err := p.target(ctx, ispID, packageID); err != nil {
		return errors.Join(err, p.release(ctx, ispID, packageID, nil, &changed))
	}
	if len(changed) == 0 {
		return nil
	}
	return p.push.Accounts(ctx, ispID, changed, uuid.NewString())
}

// Forget makes a package unknown, so that it can be deleted; no router can be
// associated with it any more. It returns ErrInUse when a router or a default
// refers to it. A package that was not known is forgotten already.
func (p *Packages) Forget(ctx context.Context, ispID, packageID string) error {
	var target string
	_, err := p.tables.Agents.Upsert(ctx, ispID, func(a *domain.Agents, _ bool) ([]*eventbus.Message, error) {
		if a.Refers(packageID) {
			return nil, ErrInUse
		}
		target = a.Targets[packageID]
		delete(a.Targets, packageID)
		return nil, nil
	})
	if err != nil {
		return err
	}
	// Only after that: an association that is made at the same moment either is
	// seen here, or does not find its package any more.
	users, err := p.tables.Associations.Find(ctx, FieldPackage, PackageKey(ispID, packageID), "", 1)
	if err != nil {
		return fmt.Errorf("rsclient: associations: %w", err)
	}
	if len(users) == 0 {
		return nil
	}
	_, err = p.tables.Agents.Upsert(ctx, ispID, func(a *domain.Agents, _ bool) ([]*eventbus.Message, error) {
		if target != "" {
			a.Targets[packageID] = target
		}
		return nil, nil
	})
	if err != nil {
		return fmt.Errorf("rsclient: agents: %w", err)
	}
	return ErrInUse
}

func (p *Packages) target(ctx context.Context, ispID, packageID string) (string, error) {
	agents, _, err := lookup(ctx, p.tables.Agents, ispID)
	if err != nil {
		return "", fmt.Errorf("rsclient: agents: %w", err)
	}
	target, known := agents.Targets[packageID]
	if !known {
		return "", ErrUnknownPackage
	}
	return target, nil
}

// router returns a device of the ISP; one of another ISP is not known here.
func (p *Packages) router(ctx context.Context, ispID, id string) (domain.Device, error) {
	device, _, err := lookup(ctx, p.tables.Devices, id)
	if err != nil {
		return device, fmt.Errorf("rsclient: device: %w", err)
	}
	account, _, err := lookup(ctx, p.tables.Accounts, device.Value.AccountID)
	if err != nil {
		return device, fmt.Errorf("rsclient: account: %w", err)
	}
	if !account.Known() || account.Value.ISPID != ispID {
		return domain.Device{}, nil
	}
	return device, nil
}

func unfit(device domain.Device, target string) string {
	switch {
	case !device.Known():
		return "is not a known device"
	case device.Value.Kind != rsevent.KindRouter:
		return "is not a router"
	case device.Value.Agent == nil || device.Value.Agent.Target != target:
		return "does not run agents for " + target
	}
	return ""
}

func (p *Packages) set(ctx context.Context, deviceID string, a domain.Association) error {
	_, err := p.tables.Associations.Upsert(ctx, deviceID, func(v *domain.Association, _ bool) ([]*eventbus.Message, error) {
		*v = a
		return nil, nil
	})
	if err != nil {
		return fmt.Errorf("rsclient: associate %s: %w", deviceID, err)
	}
	return nil
}

// release removes a package's associations except those of the named devices.
func (p *Packages) release(ctx context.Context, ispID, packageID string, except []string, changed *accountSet) error {
	for doc, err := range p.tables.Associations.All(ctx, FieldPackage, PackageKey(ispID, packageID)) {
		if err != nil {
			return fmt.Errorf("rsclient: associations: %w", err)
		}
		if slices.Contains(except, doc.ID) {
			continue
		}
		if err := remove(ctx, p.tables.Associations, doc.ID); err != nil {
			return err
		}
		device, _, err := lookup(ctx, p.tables.Devices, doc.ID)
		if err != nil {
			return fmt.Errorf("rsclient: device: %w", err)
		}
		changed.add(device.Value.AccountID)
	}
	return nil
}
