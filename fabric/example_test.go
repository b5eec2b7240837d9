package fabric_test

import (
	"context"
	"fmt"
	"sync"

	"github.com/hexplane/hexplane/fabric"
	"github.com/hexplane/hexplane/fabric/fabrictest"
	"github.com/hexplane/hexplane/fabric/memcluster"
)

// A daemon on a cluster in memory is told of a project.
func Example() {
	cluster := memcluster.New(memcluster.Config{})
	reports := &fabrictest.Recorder{}
	daemon, err := fabric.New(cluster, reports, fabric.Config{
		ClusterID: "local", Baseline: fabric.DefaultBaseline(),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = daemon.Run(ctx) })

	err = daemon.ApplyProject(ctx, fabric.Project{
		ID: "p1", AccountID: "a1", Name: "shop", Namespace: "prj-shop-x1y2z3", Generation: 1,
	})
	fmt.Println(err, cluster.Namespaces())
	for _, state := range reports.Namespaces("p1") {
		fmt.Println(state.Namespace, "is", state.Phase, "at generation", state.ObservedGeneration)
	}
	cancel()
	running.Wait()
	// Output:
	// <nil> [demeter-system prj-shop-x1y2z3]
	// prj-shop-x1y2z3 is ready at generation 1
}
