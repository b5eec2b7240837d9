// Package fabricdtest starts a real API server (see internal/realservers) on which
// fabricd's manifests are installed, for tests of the fabric from its adapter to
// the whole of Demeter.
package fabricdtest

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/hexplane/hexplane/fabric"
	"github.com/hexplane/hexplane/fabric/kube"
	"github.com/hexplane/hexplane/internal/realservers"
)

// Server is a real API server with the daemon's manifests installed.
type Server struct {
	// Admin may do anything, Daemon what the manifests let fabricd's service
	// account do.
	Admin, Daemon *rest.Config
	// Client acts as the administrator.
	Client dynamic.Interface

	kubeconfig string
}

// Start starts the server, until the test ends, and waits until the manifests
// have taken effect.
func Start(tb testing.TB) Server {
	tb.Helper()
	s := Server{kubeconfig: realservers.Kubernetes(tb)}
	var err error
	s.Admin, err = kube.LoadConfig(s.kubeconfig)
	require.NoError(tb, err)
	s.Admin.QPS = -1
	s.Daemon = rest.CopyConfig(s.Admin)
	s.Daemon.Impersonate = serviceAccount()
	s.Client, err = dynamic.NewForConfig(s.Admin)
	require.NoError(tb, err)
	_, here, _, ok := runtime.Caller(0)
	require.True(tb, ok)
	for _, name := range []string{"namespace", "crds", "rbac", "admission", "deployment"} {
		s.install(tb, filepath.Join(filepath.Dir(here), "../../services/deploy/fabricd", name+".yaml"))
	}
	s.awaitRules(tb)
	return s
}

func serviceAccount() rest.ImpersonationConfig {
	return rest.ImpersonationConfig{
		UserName: "system:serviceaccount:demeter-system:fabricd",
		Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:demeter-system", "system:authenticated"},
	}
}

// DaemonKubeconfig returns the path of a kubeconfig that acts as fabricd's
// service account.
func (s Server) DaemonKubeconfig(tb testing.TB) string {
	tb.Helper()
	config, err := clientcmd.LoadFromFile(s.kubeconfig)
	require.NoError(tb, err)
	for _, user := range config.AuthInfos {
		user.Impersonate, user.ImpersonateGroups = serviceAccount().UserName, serviceAccount().Groups
	}
	path := filepath.Join(tb.TempDir(), "kubeconfig")
	require.NoError(tb, clientcmd.WriteToFile(*config, path))
	return path
}

// Cluster returns a cluster that acts as the given identity, without a limit of
// its own to the requests.
func (s Server) Cluster(tb testing.TB, as *rest.Config) *kube.Cluster {
	tb.Helper()
	c, err := kube.New(as, kube.Config{QPS: -1, KindsFor: 100 * time.Millisecond})
	require.NoError(tb, err)
	return c
}

// Resource is where the administrator finds the objects of a kind; namespace is
// empty for all of them.
func (s Server) Resource(kind schema.GroupVersionKind, namespace string) dynamic.ResourceInterface {
	plural, _ := meta.UnsafeGuessKindToResource(kind)
	if namespace == "" {
		return s.Client.Resource(plural)
	}
	return s.Client.Resource(plural).Namespace(namespace)
}

// install applies a manifest, as kubectl would.
func (s Server) install(tb testing.TB, path string) {
	tb.Helper()
	file, err := os.Open(path)
	require.NoError(tb, err)
	defer file.Close()
	decoder := yaml.NewYAMLOrJSONDecoder(file, 4096)
	for {
		obj := &unstructured.Unstructured{}
		if decoder.Decode(&obj.Object) != nil {
			return
		}
		_, err := s.Resource(obj.GroupVersionKind(), obj.GetNamespace()).
			Apply(tb.Context(), obj.GetName(), obj, metav1.ApplyOptions{FieldManager: "kubectl", Force: true})
		require.NoError(tb, err, obj.GetName())
	}
}

// awaitRules waits until the server has taken in what was installed: the port
// kinds are served and the admission policies refuse.
func (s Server) awaitRules(tb testing.TB) {
	tb.Helper()
	daemon := s.Cluster(tb, s.Daemon)
	require.Eventually(tb, func() bool {
		kinds, err := daemon.Kinds(tb.Context(), fabric.PortAPIVersion)
		if err != nil || len(kinds) < 2 {
			return false
		}
		for _, probe := range probes() {
			if _, err := daemon.Apply(tb.Context(), probe); err == nil {
				return false
			}
		}
		return true
	}, time.Minute, 200*time.Millisecond, "the manifests have not taken effect")
}

// probes are harmless writes that each admission policy must refuse.
func probes() []fabric.Object {
	return []fabric.Object{
		{Ref: fabric.Ref{Kind: fabric.KindNamespace, Name: "probe"}},
		{
			Ref:    fabric.Ref{Kind: fabric.KindLimitRange, Namespace: "default", Name: "probe"},
			Fields: map[string]any{"spec": map[string]any{"limits": []any{}}},
		},
	}
}
