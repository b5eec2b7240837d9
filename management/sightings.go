package management

import "context"

// known is what the state has of the resources that a batch of reports is about.
// Their projects are locked.
type known struct {
	generations map[string]int64  // by resource, and project: of those that exist
	last        map[string]Status // by StatusID
	changed     map[string]bool
}

// resource names a resource and the project that it must belong to.
func resource(id, projectID string) string { return projectID + "/" + id }

func lookUp(ctx context.Context, tx Tx, batch []*sighting) (known, error) {
	k := known{generations: map[string]int64{}, last: map[string]Status{}, changed: map[string]bool{}}
	var projectIDs, portIDs, statusIDs []string
	for _, one := range batch {
		r := one.report
		projectIDs = append(projectIDs, r.ProjectID)
		if r.ResourceID != r.ProjectID {
			portIDs = append(portIDs, r.ResourceID)
		}
		statusIDs = append(statusIDs, StatusID(r.ResourceID, r.ClusterID))
	}
	projects, err := tx.Projects().GetAll(ctx, projectIDs...)
	if err != nil {
		return k, err
	}
	for _, p := range projects {
		k.generations[resource(p.ID, p.ID)] = p.Generation
	}
	ports, err := tx.Ports().GetAll(ctx, portIDs...)
	if err != nil {
		return k, err
	}
	for _, port := range ports {
		k.generations[resource(port.ID, port.ProjectID)] = port.Generation
	}
	statuses, err := tx.Statuses().GetAll(ctx, statusIDs...)
	for _, st := range statuses {
		k.last[StatusID(st.ResourceID, st.ClusterID)] = st
	}
	return k, err
}

// record takes a report unless it is about a resource that is forgotten, has a
// number that was never given, or is not news.
func (k known) record(report Status) bool {
	current, exists := k.generations[resource(report.ResourceID, report.ProjectID)]
	if !exists || report.ObservedGeneration > current {
		return false
	}
	id := StatusID(report.ResourceID, report.ClusterID)
	if last, ok := k.last[id]; ok && stale(report, last) {
		return false
	}
	k.last[id], k.changed[id] = report, true
	return true
}

// news returns what record has taken.
func (k known) news() []Status {
	var rows []Status
	for id := range k.changed {
		rows = append(rows, k.last[id])
	}
	return rows
}
