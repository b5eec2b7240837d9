package statedb

import (
	"fmt"
	"strings"

	"github.com/hexplane/hexplane/internal/sqlrows"
	"github.com/hexplane/hexplane/management"
)

// columns says which fields of a Filter a table has: those that may be lists by
// column, the others by condition.
type columns struct {
	account, resource, name                       string
	project, opType                               string
	pending, live, deleted, check, purge, created string
	shareLists                                    bool
	foldNames                                     bool // names compare in lower case
}

func (c columns) folded(names []string) []string {
	if !c.foldNames || names == nil {
		return names
	}
	lower := make([]string, len(names))
	for i, name := range names {
		lower[i] = strings.ToLower(name)
	}
	return lower
}

// narrow applies the filter; a field that the table has no condition for is an
// error rather than a wider answer.
func (c columns) narrow(q *sqlrows.Statement, f management.Filter) error {
	var err error
	where := func(set bool, field, condition string, value any) {
		switch {
		case !set:
		case condition == "":
			err = fmt.Errorf("statedb: this table cannot be filtered by %s", field)
		default:
			q.And(condition, value)
		}
	}
	in := func(field, column string, values []string) {
		switch {
		case values == nil:
		case column == "":
			err = fmt.Errorf("statedb: this table cannot be filtered by %s", field)
		default:
			q.AndIn(column, values)
		}
	}
	in("AccountID", c.account, only(f.AccountID))
	in("AccountIDs", c.account, f.AccountIDs)
	where(f.ProjectID != "", "ProjectID", c.project, f.ProjectID)
	in("ResourceID", c.resource, only(f.ResourceID))
	in("ResourceIDs", c.resource, f.ResourceIDs)
	in("Names", c.name, c.folded(f.Names))
	where(f.Type != "", "Type", c.opType, string(f.Type))
	where(f.Pending, "Pending", c.pending, nil)
	where(f.Finished, "Finished", not(c.pending), nil)
	where(f.Live, "Live", c.live, nil)
	where(!f.DeletedBy.IsZero(), "DeletedBy", c.deleted, micros(f.DeletedBy))
	where(!f.CheckBy.IsZero(), "CheckBy", c.check, micros(f.CheckBy))
	where(!f.PurgeBy.IsZero(), "PurgeBy", c.purge, micros(f.PurgeBy))
	where(!f.Before.IsZero(), "Before", c.created, micros(f.Before))
	if f.After != "" {
		q.And("id > ?", f.After)
	}
	return err
}

// only is a list of the value, nil if it is empty.
func only(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

func not(condition string) string {
	if condition == "" {
		return ""
	}
	return "NOT " + condition
}
