package archtest

import "strings"

// vendor is a library that only the named packages may compile, with the reason.
type vendor struct {
	module string   // prefix of module paths
	only   []string // packages, relative to this module
	why    string
}

// vendors are the heavy libraries, each shut up in the adapters that exist to hold it.
func vendors() []vendor {
	sarama := []string{"eventbus/kafkabus"}
	sql := []string{"asynctask/sqlstore", "eventbus/sqlbox", "management/demeterdb", "management/statedb"}
	rpc := []string{"management/managementpb", "management/grpcapi"}
	return []vendor{
		{"github.com/IBM/sarama", sarama, "a team importing eventbus must not compile a broker's client"},
		{"github.com/ThreeDotsLabs/watermill-kafka", sarama, "it brings sarama"},
		{"github.com/twmb/franz-go", []string{"eventbus/franzbus"}, "a team importing eventbus must not compile a broker's client"},
		{"go.mongodb.org/", []string{"asynctask/mongostore"}, "a database belongs to a store adapter"},
		{"github.com/uptrace/bun", sql, "a database belongs to a store adapter"},
		{"github.com/jackc/pgx", sql, "a database belongs to a store adapter"},
		{"modernc.org/", sql, "a database belongs to a store adapter"},
		{"google.golang.org/grpc", rpc, "gRPC belongs to the gRPC driver"},
		{"k8s.io/", []string{"fabric/kube"}, "Kubernetes belongs to the cluster adapter"},
	}
}

// misplaced names each vendor among the dependencies that the package may not have.
func misplaced(rel string, deps []string) []string {
	var found []string
	for _, dep := range deps {
		path, isModule := strings.CutPrefix(dep, "module ")
		if !isModule {
			continue
		}
		for _, v := range vendors() {
			if strings.HasPrefix(path, v.module) && !allows(v.only, rel) {
				found = append(found, path+": "+v.why)
			}
		}
	}
	return found
}

// allows also covers sub-packages, such as an adapter's own internals.
func allows(only []string, rel string) bool {
	for _, pkg := range only {
		if rel == pkg || strings.HasPrefix(rel, pkg+"/") {
			return true
		}
	}
	return false
}
