package wire

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/hexplane/hexplane/fabric"
)

// Config is what only fabricd reads from its environment.
type Config struct {
	ClusterID  string            `env:"CLUSTER_ID" envDefault:"local" desc:"name of this cluster, a DNS label; also names the consumer group"`
	Labels     map[string]string `env:"CLUSTER_LABELS" envKeyValSeparator:"=" desc:"what the cluster says of itself: key=value,..."`
	Kubeconfig string            `env:"KUBECONFIG" desc:"kubeconfig file, or in-cluster; unset: a cluster in memory"`
	QPS        float32           `env:"KUBE_QPS" envDefault:"600" desc:"requests per second to the API server; negative: no limit"`
	Burst      int               `env:"KUBE_BURST" envDefault:"1200" desc:"requests at once to the API server"`
	Takeover   fabric.Takeover   `env:"TAKEOVER" envDefault:"refuse" desc:"namespaces that exist without our label: refuse or adopt"`
	Baseline   string            `env:"BASELINE_FILE" desc:"JSON file of what each namespace is given; unset: a default"`
	Records    string            `env:"RECORDS_NAMESPACE" envDefault:"demeter-system" desc:"namespace of the daemon's records"`
	Heartbeat  time.Duration     `env:"HEARTBEAT_INTERVAL" envDefault:"10s" desc:"time between heartbeats"`
	Recheck    time.Duration     `env:"RECHECK_INTERVAL" envDefault:"30s" desc:"how often what is degraded is tried again"`
	PortKinds  []string          `env:"MEMORY_PORT_KINDS" envDefault:"http,tcp" desc:"port kinds that the cluster in memory serves"`

	// Cluster, when set, is used in place of what KUBECONFIG names.
	Cluster fabric.Cluster
}

// fabric returns the domain's configuration.
func (c Config) fabric() (fabric.Config, error) {
	baseline, err := loadBaseline(c.Baseline)
	if err != nil {
		return fabric.Config{}, err
	}
	return fabric.Config{
		ClusterID: c.ClusterID, Version: version(), Labels: c.Labels,
		Baseline: baseline, Takeover: c.Takeover, RecordsNamespace: c.Records,
		Heartbeat: c.Heartbeat, Recheck: c.Recheck,
	}, nil
}

// loadBaseline reads a baseline strictly: an unknown field is a mistake.
func loadBaseline(path string) (fabric.Baseline, error) {
	if path == "" {
		return fabric.DefaultBaseline(), nil
	}
	var out fabric.Baseline
	file, err := os.Open(path)
	if err != nil {
		return out, fmt.Errorf("BASELINE_FILE: %w", err)
	}
	defer file.Close()
	decoder := json.NewDecoder(file)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&out); err != nil {
		return out, fmt.Errorf("BASELINE_FILE: %s: %w", path, err)
	}
	return out, nil
}

// version is the build's version, as the Go toolchain stamped it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return strings.TrimSpace(info.Main.Version)
}
