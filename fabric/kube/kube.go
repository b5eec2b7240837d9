// Package kube lets the fabric act on a Kubernetes API server, through client-go's
// dynamic client.
//
// Writes are server-side applies (or creates) under the field manager "fabric";
// deletes carry the object's uid. Every call has a deadline and passes one rate
// limit (QPS, Burst), because client-go's own default of 5 requests per second
// holds a daemon back to five namespaces a second. Port kinds are found by asking
// the server what it serves, and remembered for a while. Watches list first and
// are restricted to the fabric's own objects by label. The identity needs the
// verbs that services/deploy/fabricd grants, no more.
//
//	rest, err := kube.LoadConfig(os.Getenv("KUBECONFIG"))
//	cluster, err := kube.New(rest, kube.Config{})
//	daemon, err := fabric.New(cluster, producer, fabric.Config{ClusterID: "paris-1"})
package kube

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/hexplane/hexplane/fabric"
	"github.com/hexplane/hexplane/internal/demeterevent"
)

// manager is the field manager that the fabric writes as.
const manager = "fabric"

// selector picks the fabric's own objects.
const selector = demeterevent.LabelManagedBy + "=" + demeterevent.ManagedByFabric

// Config configures a Cluster. Every zero value means its default.
type Config struct {
	// QPS and Burst limit the requests to the API server, per second and at
	// once; a negative QPS means no limit. Defaults: 600 and 1200, which
	// let a hundred namespaces a second be made.
	QPS   float32
	Burst int
	// Timeout bounds one call, watches aside. Default: 30 s.
	Timeout time.Duration
	// KindsFor is how long the server's answer about the port kinds it serves
	// is relied on. Default: 10 s.
	KindsFor time.Duration
	// Wrap wraps the HTTP transport, for traces. Default: as it is.
	Wrap func(http.RoundTripper) http.RoundTripper
	// Logger is told what the watches meet. Default: slog.Default().
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.QPS == 0 {
		c.QPS = 600
	}
	if c.Burst == 0 {
		c.Burst = 1200
	}
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	if c.KindsFor == 0 {
		c.KindsFor = 10 * time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

// LoadConfig reads a kubeconfig file, or the service account of the pod that the
// program runs in when the path is "in-cluster".
func LoadConfig(path string) (*rest.Config, error) {
	if path == "in-cluster" {
		return rest.InClusterConfig()
	}
	return clientcmd.BuildConfigFromFlags("", path)
}

// Cluster implements fabric.Cluster. It holds no connection that needs closing
// and is safe for concurrent use.
type Cluster struct {
	cfg    Config
	client dynamic.Interface
	kinds  *kinds
}

var _ fabric.Cluster = (*Cluster)(nil)

// New returns a cluster at the given address. It sends nothing yet.
func New(to *rest.Config, cfg Config) (*Cluster, error) {
	cfg = cfg.withDefaults()
	to = rest.CopyConfig(to)
	to.QPS, to.Burst, to.UserAgent = cfg.QPS, cfg.Burst, "hexplane-fabric"
	if cfg.Wrap != nil {
		to.Wrap(cfg.Wrap)
	}
	transport, err := rest.HTTPClientFor(to)
	if err != nil {
		return nil, fmt.Errorf("kube: %w", err)
	}
	client, err := dynamic.NewForConfigAndClient(to, transport)
	if err != nil {
		return nil, fmt.Errorf("kube: %w", err)
	}
	kinds, err := newKinds(to, transport, cfg.KindsFor)
	if err != nil {
		return nil, fmt.Errorf("kube: %w", err)
	}
	return &Cluster{cfg: cfg, client: client, kinds: kinds}, nil
}

// Get implements fabric.Cluster.
func (c *Cluster) Get(ctx context.Context, ref fabric.Ref) (fabric.Object, error) {
	return c.call(ctx, ref, func(ctx context.Context, at at) (*unstructured.Unstructured, error) {
		return at.resource.Get(ctx, ref.Name, metav1.GetOptions{})
	})
}

// Create implements fabric.Cluster.
func (c *Cluster) Create(ctx context.Context, obj fabric.Object) (fabric.Object, error) {
	return c.call(ctx, obj.Ref, func(ctx context.Context, at at) (*unstructured.Unstructured, error) {
		return at.resource.Create(ctx, toWire(obj, at.kind), metav1.CreateOptions{FieldManager: manager})
	})
}

// Apply implements fabric.Cluster.
func (c *Cluster) Apply(ctx context.Context, obj fabric.Object) (fabric.Object, error) {
	return c.call(ctx, obj.Ref, func(ctx context.Context, at at) (*unstructured.Unstructured, error) {
		return applyAll(ctx, at.resource, toWire(obj, at.kind))
	})
}

// Delete implements fabric.Cluster.
func (c *Cluster) Delete(ctx context.Context, ref fabric.Ref, uid string) error {
	_, err := c.call(ctx, ref, func(ctx context.Context, at at) (*unstructured.Unstructured, error) {
		id, background := types.UID(uid), metav1.DeletePropagationBackground
		return nil, at.resource.Delete(ctx, ref.Name, metav1.DeleteOptions{
			Preconditions: &metav1.Preconditions{UID: &id}, PropagationPolicy: &background,
		})
	})
	return err
}

// List implements fabric.Cluster.
func (c *Cluster) List(ctx context.Context, kind fabric.Kind, namespace string) iter.Seq2[fabric.Object, error] {
	const page = 500
	return func(yield func(fabric.Object, error) bool) {
		opts := metav1.ListOptions{LabelSelector: selector, Limit: page}
		for {
			found, err := c.page(ctx, kind, namespace, opts)
			if err != nil {
				yield(fabric.Object{}, err)
				return
			}
			for i := range found.Items {
				if !yield(fromWire(&found.Items[i], kind), nil) {
					return
				}
			}
			if opts.Continue = found.GetContinue(); opts.Continue == "" {
				return
			}
		}
	}
}

func (c *Cluster) page(ctx context.Context, kind fabric.Kind, namespace string, opts metav1.ListOptions) (*unstructured.UnstructuredList, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	at, err := c.at(ctx, kind, namespace)
	if err != nil {
		return nil, err
	}
	found, err := at.resource.List(ctx, opts)
	return found, c.translate(err, fabric.Ref{Kind: kind, Namespace: namespace})
}

// Kinds implements fabric.Cluster.
func (c *Cluster) Kinds(ctx context.Context, apiVersion string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	return c.kinds.names(ctx, apiVersion)
}

// at is where objects of a kind are, and how the server spells the kind.
type at struct {
	resource dynamic.ResourceInterface
	kind     string
}

func (c *Cluster) at(ctx context.Context, kind fabric.Kind, namespace string) (at, error) {
	found, err := c.kinds.find(ctx, kind)
	if err != nil {
		return at{}, err
	}
	all := c.client.Resource(found.resource)
	if namespace == "" {
		return at{all, found.kind}, nil
	}
	return at{all.Namespace(namespace), found.kind}, nil
}

// call makes one call about one object, with its deadline and its errors told in
// the port's terms.
func (c *Cluster) call(ctx context.Context, ref fabric.Ref, do func(context.Context, at) (*unstructured.Unstructured, error)) (fabric.Object, error) {
	if err := checkPath(ref); err != nil {
		return fabric.Object{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	at, err := c.at(ctx, ref.Kind, ref.Namespace)
	if err != nil {
		return fabric.Object{}, err
	}
	out, err := do(ctx, at)
	if err != nil {
		return fabric.Object{}, c.translate(err, ref)
	}
	if out == nil {
		return fabric.Object{}, nil
	}
	return fromWire(out, ref.Kind), nil
}
