package managementtest

import "github.com/hexplane/hexplane/management"

var kindSchema = schema[management.Kind]{
	id:      func(k management.Kind) string { return k.Name },
	columns: func(*management.Kind) columns { return columns{} },
	unique:  nothingUnique[management.Kind],
}

var statusSchema = schema[management.Status]{
	id: func(s management.Status) string { return management.StatusID(s.ResourceID, s.ClusterID) },
	columns: func(s *management.Status) columns {
		return columns{project: &s.ProjectID, resource: &s.ResourceID}
	},
	unique: nothingUnique[management.Status],
}

var clusterSchema = schema[management.Cluster]{
	id: func(c management.Cluster) string { return c.ID },
	columns: func(c *management.Cluster) columns {
		return columns{resource: &c.ID, pending: &c.SnapshotPending}
	},
	unique: nothingUnique[management.Cluster],
}

var healthSchema = schema[management.Health]{
	id:      func(h management.Health) string { return h.ClusterID },
	columns: func(*management.Health) columns { return columns{} },
	unique:  nothingUnique[management.Health],
}

var keySchema = schema[management.APIKey]{
	id:      func(k management.APIKey) string { return k.ID },
	columns: func(k *management.APIKey) columns { return columns{account: &k.AccountID} },
	unique:  nothingUnique[management.APIKey],
}

var auditSchema = schema[management.AuditEntry]{
	id:      func(e management.AuditEntry) string { return e.ID },
	columns: func(e *management.AuditEntry) columns { return columns{account: &e.AccountID} },
	unique:  nothingUnique[management.AuditEntry],
}

var operationSchema = schema[management.Operation]{
	id: func(o management.Operation) string { return o.ID },
	columns: func(o *management.Operation) columns {
		return columns{
			account: &o.AccountID, name: &o.Key, nameCase: true, opType: &o.Type,
			pending: &o.Pending, created: &o.CreatedAt,
		}
	},
	unique: func(o management.Operation) []string { return []string{o.Key} },
}
