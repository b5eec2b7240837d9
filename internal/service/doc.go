// Package service is the runtime that every hexplane binary stands on: it reads the
// environment, opens what the environment names (or its embedded stand-in), runs the
// service and stops it in an order that loses nothing.
//
// # What it guarantees
//
//   - With no environment at all a service runs: an embedded Kafka-protocol broker and
//     SQLite files, both under DATA_DIR. MONGODB_URI moves the documents, and the events
//     that wait to be published, to MongoDB: collections of the service's own. Tasks and
//     Demeter's state are rows, and DATABASE_URL moves them to PostgreSQL.
//   - A stop (SIGINT, SIGTERM, or a part that fails) first ends the intake: HTTP
//     requests and consumed messages in flight finish, within SHUTDOWN_TIMEOUT. Then
//     background loops stop, the outbox is emptied, and producers, stores and the
//     broker close, in this order.
//   - One process at a time uses a service's data folder.
//
// # Example
//
//	func main() {
//		service.Main(service.App[wire.Config]{
//			Name: "customconfig", Summary: "keeps the ISP global configurations",
//			HTTPAddr: "127.0.0.1:8082", AdminAddr: "127.0.0.1:9082", New: wire.New,
//		})
//	}
//
// Several services in one process share a Host, and with it the broker; each has its
// own Platform, and with it its own stores, producers and consumers:
//
//	host, err := service.NewHost("standalone", cfg, os.Stderr)
//	accounts, err := host.Platform(ctx, "accounts")
//	svc, err := accountswire.New(ctx, accounts, accountswire.Config{})
//	svc.Listener = listener
//	err = host.Run(ctx, svc, others...)
package service
