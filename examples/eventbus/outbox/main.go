// Command outbox writes an order and tells of it in one transaction; a relay
// publishes the message, and a consumer handles it once, however often it comes.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite"

	"github.com/hexplane/hexplane/eventbus"
	"github.com/hexplane/hexplane/eventbus/membus"
	"github.com/hexplane/hexplane/eventbus/sqlbox"
)

type order struct {
	ID    int64 `bun:",pk" json:"id"`
	Total int   `json:"total"`
}

type invoice struct {
	OrderID int64 `bun:",pk"`
	Total   int
}

func main() {
	dir, err := os.MkdirTemp("", "outbox")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer os.RemoveAll(dir)
	if err := run(context.Background(), filepath.Join(dir, "shop.db")); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

func run(ctx context.Context, path string) error {
	db, err := open(ctx, path)
	if err != nil {
		return err
	}
	defer db.Close()
	factory := eventbus.NewFactory(membus.New(membus.Config{}), eventbus.FactoryConfig{})
	producer, err := factory.Producer(eventbus.ClientDefault)
	if err != nil {
		return err
	}
	defer producer.Close()
	relaying, stop := context.WithCancel(ctx)
	relayed := make(chan error, 1)
	go func() { relayed <- sqlbox.NewRelay(db, producer, sqlbox.RelayConfig{}).Run(relaying) }()
	defer func() {
		stop()
		<-relayed
	}()

	if err := place(ctx, db, order{ID: 4711, Total: 12}); err != nil {
		return err
	}

	consumer, err := factory.Consumer("billing", eventbus.ClientDefault)
	if err != nil {
		return err
	}
	defer consumer.Close(ctx)
	invoiced := make(chan struct{})
	mux := eventbus.NewMux()
	err = eventbus.Handle(mux, "OrderPlaced", func(ctx context.Context, ev eventbus.Event[order]) error {
		_, err := sqlbox.Tx(ctx, db).NewInsert().Model(&invoice{OrderID: ev.Data.ID, Total: ev.Data.Total}).Exec(ctx)
		if err == nil {
			fmt.Println("invoiced", ev.Data.ID)
			close(invoiced)
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := consumer.Register(eventbus.Registry{Topic: "orders", Callback: eventbus.Once(sqlbox.NewInbox(db), mux)}); err != nil {
		return err
	}
	<-invoiced
	return nil
}

// place writes the order and the message, both or neither.
func place(ctx context.Context, db *bun.DB, o order) error {
	return db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(&o).Exec(ctx); err != nil {
			return err
		}
		msg, err := eventbus.NewMessage("orders", "OrderPlaced", strconv.FormatInt(o.ID, 10), o)
		if err != nil {
			return err
		}
		return sqlbox.Add(ctx, tx, msg)
	})
}

func open(ctx context.Context, path string) (*bun.DB, error) {
	conn, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)")
	if err != nil {
		return nil, err
	}
	db := bun.NewDB(conn, sqlitedialect.New())
	for _, model := range []any{(*order)(nil), (*invoice)(nil)} {
		if _, err := db.NewCreateTable().Model(model).Exec(ctx); err != nil {
			return nil, err
		}
	}
	return db, sqlbox.CreateTables(ctx, db)
}
