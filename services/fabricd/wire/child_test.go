package wire_test

import (
	"bufio"
	"context"
	"net"
	"os"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/fabric"
	"github.com/hexplane/hexplane/internal/demeterevent"
	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/services/fabricd/wire"
	management "github.com/hexplane/hexplane/services/management/wire"
)

// What the child processes of the end-to-end tests read from their environment.
const (
	childRole = "DEMETER_CHILD" // management; anything else is fabricd
	childGate = "DEMETER_GATE"  // address of the test's gatekeeper
)

// child is the main function of a child process: a service as its binary runs it,
// but that fabricd, where there is a gatekeeper, asks it at every boundary.
func child() {
	if os.Getenv(childRole) == "management" {
		service.Main(management.App())
		return
	}
	app := wire.App()
	if keeper := os.Getenv(childGate); keeper != "" {
		app.New = func(_ context.Context, p *service.Platform, cfg wire.Config) (*service.Service, error) {
			g := gate{keeper}
			return wire.NewAround(p, cfg,
				func(c fabric.Cluster) fabric.Cluster { return gatedCluster{c, g} },
				func(p eventbus.Publisher) eventbus.Publisher { return gatedBus{p, g} })
		}
	}
	service.Main(app)
}

// gate is passed before and after each effect of the daemon.
type gate struct{ keeper string }

// pass tells the gatekeeper of a boundary and waits until it hangs up.
func (g gate) pass(boundary string) {
	conn, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", g.keeper)
	if err != nil {
		return // the test is over
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(boundary + "\n")); err == nil {
		_, _ = bufio.NewReader(conn).ReadString('\n')
	}
}

// gatedCluster passes the gate around every write.
type gatedCluster struct {
	fabric.Cluster

	gate gate
}

func (c gatedCluster) Create(ctx context.Context, obj fabric.Object) (fabric.Object, error) {
	c.gate.pass("before create " + obj.String())
	defer c.gate.pass("after create " + obj.String())
	return c.Cluster.Create(ctx, obj)
}

func (c gatedCluster) Apply(ctx context.Context, obj fabric.Object) (fabric.Object, error) {
	c.gate.pass("before apply " + obj.String())
	defer c.gate.pass("after apply " + obj.String())
	return c.Cluster.Apply(ctx, obj)
}

// gatedBus passes the gate around every report, heartbeats aside.
type gatedBus struct {
	eventbus.Publisher

	gate gate
}

func (b gatedBus) Publish(ctx context.Context, msgs ...*eventbus.Message) error {
	if msgs[0].EventType == demeterevent.ClusterHeartbeat {
		return b.Publisher.Publish(ctx, msgs...)
	}
	b.gate.pass("before report")
	defer b.gate.pass("after report")
	return b.Publisher.Publish(ctx, msgs...)
}
