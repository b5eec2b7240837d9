package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"

	"github.com/hexplane/hexplane/fabric"
)

// served is a kind as the server has it.
type served struct {
	resource schema.GroupVersionResource
	kind     string
}

// builtin are the kinds that every server has.
var builtin = map[fabric.Kind]served{
	fabric.KindNamespace:     {schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}, "Namespace"},
	fabric.KindConfigMap:     {schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}, "ConfigMap"},
	fabric.KindResourceQuota: {schema.GroupVersionResource{Version: "v1", Resource: "resourcequotas"}, "ResourceQuota"},
	fabric.KindLimitRange:    {schema.GroupVersionResource{Version: "v1", Resource: "limitranges"}, "LimitRange"},
	fabric.KindNetworkPolicy: {
		schema.GroupVersionResource{Group: "networking.k8s.io", Version: "v1", Resource: "networkpolicies"},
		"NetworkPolicy",
	},
	fabric.KindRoleBinding: {
		schema.GroupVersionResource{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "rolebindings"},
		"RoleBinding",
	},
}

// kinds finds what the server serves. Its answer about an API version is relied
// on for a while, so that a kind installed later is found.
type kinds struct {
	client *rest.RESTClient
	keep   time.Duration

	mu    sync.Mutex
	known map[string]answer
}

// answer is what an API version serves, by kind in lower case.
type answer struct {
	kinds map[string]served
	until time.Time
}

func newKinds(to *rest.Config, transport *http.Client, keep time.Duration) (*kinds, error) {
	to = rest.CopyConfig(to)
	to.NegotiatedSerializer = serializer.NewCodecFactory(runtime.NewScheme()).WithoutConversion()
	client, err := rest.UnversionedRESTClientForConfigAndClient(to, transport)
	if err != nil {
		return nil, err
	}
	return &kinds{client: client, keep: keep, known: map[string]answer{}}, nil
}

// find returns the kind as the server has it.
func (k *kinds) find(ctx context.Context, kind fabric.Kind) (served, error) {
	if found, ok := builtin[kind]; ok {
		return found, nil
	}
	all, err := k.ask(ctx, kind.APIVersion)
	if err != nil {
		return served{}, err
	}
	found, ok := all[strings.ToLower(kind.Name)]
	if !ok {
		return served{}, fmt.Errorf("%w: the cluster has no kind %q in %s", fabric.ErrNoKind, kind.Name, kind.APIVersion)
	}
	return found, nil
}

func (k *kinds) names(ctx context.Context, apiVersion string) ([]string, error) {
	all, err := k.ask(ctx, apiVersion)
	if err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(all)), nil
}

// forget makes the next question be asked anew.
func (k *kinds) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.known)
}

// ask returns what an API version serves; one that the server does not know
// serves nothing.
func (k *kinds) ask(ctx context.Context, apiVersion string) (map[string]served, error) {
	k.mu.Lock()
	known := k.known[apiVersion]
	k.mu.Unlock()
	if time.Now().Before(known.until) {
		return known.kinds, nil
	}
	raw, err := k.client.Get().AbsPath("/apis", apiVersion).DoRaw(ctx)
	if err != nil && !apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("%w: kinds of %s: %w", fabric.ErrUnavailable, apiVersion, err)
	}
	found := map[string]served{}
	if err == nil {
		if found, err = parseKinds(apiVersion, raw); err != nil {
			return nil, fmt.Errorf("%w: kinds of %s: %w", fabric.ErrUnavailable, apiVersion, err)
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.known[apiVersion] = answer{kinds: found, until: time.Now().Add(k.keep)}
	return found, nil
}

func parseKinds(apiVersion string, raw []byte) (map[string]served, error) {
	var list metav1.APIResourceList
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, err
	}
	version, err := schema.ParseGroupVersion(apiVersion)
	if err != nil {
		return nil, err
	}
	out := map[string]served{}
	for _, resource := range list.APIResources {
		if resource.Namespaced && !strings.Contains(resource.Name, "/") {
			out[strings.ToLower(resource.Kind)] = served{version.WithResource(resource.Name), resource.Kind}
		}
	}
	return out, nil
}
