package main

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apiserver/pkg/quota/v1/generic"
	cacheddiscovery "k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/controller-manager/pkg/informerfactory"
	"k8s.io/kubernetes/pkg/controller"
	"k8s.io/kubernetes/pkg/controller/clusterroleaggregation"
	"k8s.io/kubernetes/pkg/controller/garbagecollector"
	"k8s.io/kubernetes/pkg/controller/namespace"
	"k8s.io/kubernetes/pkg/controller/resourcequota"
	quotainstall "k8s.io/kubernetes/pkg/quota/v1/install"
)

const (
	resync   = 5 * time.Minute
	discover = 5 * time.Second
)

// controllers is what they share.
type controllers struct {
	client    kubernetes.Interface
	metadata  metadata.Interface
	informers informers.SharedInformerFactory
	all       informerfactory.InformerFactory
	started   chan struct{}
}

// startControllers starts the controllers and waits until they have caught up.
func startControllers(ctx context.Context, to *rest.Config) error {
	client, err := kubernetes.NewForConfig(to)
	if err != nil {
		return err
	}
	meta, err := metadata.NewForConfig(to)
	if err != nil {
		return err
	}
	shared := informers.NewSharedInformerFactory(client, 0)
	sharedMeta := metadatainformer.NewSharedInformerFactory(meta, 0)
	c := controllers{
		client: client, metadata: meta, informers: shared, started: make(chan struct{}),
		all: informerfactory.NewInformerFactory(shared, sharedMeta),
	}
	runs := []func(context.Context){c.namespaces(ctx), c.roles()}
	for _, build := range []func(context.Context) (func(context.Context), error){c.quotas, c.garbage} {
		run, err := build(ctx)
		if err != nil {
			return err
		}
		runs = append(runs, run)
	}
	shared.Start(ctx.Done())
	sharedMeta.Start(ctx.Done())
	close(c.started)
	for _, run := range runs {
		go run(ctx)
	}
	shared.WaitForCacheSync(ctx.Done())
	return ctx.Err()
}

func (c controllers) namespaces(ctx context.Context) func(context.Context) {
	ctl := namespace.NewNamespaceController(ctx, c.client, c.metadata,
		c.client.Discovery().ServerPreferredNamespacedResources,
		c.informers.Core().V1().Namespaces(), resync, corev1.FinalizerKubernetes)
	return func(ctx context.Context) { ctl.Run(ctx, 10) }
}

func (c controllers) roles() func(context.Context) {
	ctl := clusterroleaggregation.NewClusterRoleAggregation(c.informers.Rbac().V1().ClusterRoles(), c.client.RbacV1())
	return func(ctx context.Context) { ctl.Run(ctx, 2) }
}

func (c controllers) quotas(ctx context.Context) (func(context.Context), error) {
	listers := generic.ListerFuncForResourceFunc(c.informers.ForResource)
	config, err := quotainstall.NewQuotaConfigurationForControllers(listers, c.informers)
	if err != nil {
		return nil, err
	}
	discovery := c.client.Discovery().ServerPreferredNamespacedResources
	ctl, err := resourcequota.NewController(ctx, &resourcequota.ControllerOptions{
		QuotaClient:               c.client.CoreV1(),
		ResourceQuotaInformer:     c.informers.Core().V1().ResourceQuotas(),
		ResyncPeriod:              controller.StaticResyncPeriodFunc(resync),
		InformerFactory:           c.all,
		ReplenishmentResyncPeriod: controller.StaticResyncPeriodFunc(12 * time.Hour),
		DiscoveryFunc:             discovery,
		IgnoredResourcesFunc:      config.IgnoredResources,
		InformersStarted:          c.started,
		Registry:                  generic.NewRegistry(config.Evaluators()),
		UpdateFilter:              quotainstall.DefaultUpdateFilter(),
	})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) {
		go ctl.Sync(ctx, discovery, discover)
		ctl.Run(ctx, 5)
	}, nil
}

func (c controllers) garbage(ctx context.Context) (func(context.Context), error) {
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(cacheddiscovery.NewMemCacheClient(c.client.Discovery()))
	ignored := map[schema.GroupResource]struct{}{}
	for resource := range garbagecollector.DefaultIgnoredResources() {
		ignored[resource] = struct{}{}
	}
	ctl, err := garbagecollector.NewGarbageCollector(ctx, c.client, c.metadata, mapper, ignored, c.all, c.started)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) {
		go wait.UntilWithContext(ctx, func(context.Context) { mapper.Reset() }, discover)
		go ctl.Sync(ctx, c.client.Discovery(), discover)
		ctl.Run(ctx, 10, discover)
	}, nil
}
