package statedb

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/hexplane/hexplane/eventbus"
)

func migrationFiles() (fs.FS, error) { return fs.Sub(migrations, "migrations") }

type outboxRow struct {
	bun.BaseModel `bun:"table:outbox,alias:t"`

	Seq     int64  `bun:"seq,pk,autoincrement"`
	Message []byte `bun:"message"`
}

// stored is an event as the outbox keeps it.
type stored struct {
	ID        string            `json:"id"`
	EventType string            `json:"event_type"`
	Topic     string            `json:"topic"`
	Key       string            `json:"key"`
	Payload   json.RawMessage   `json:"payload"`
	TraceID   map[string]string `json:"trace_id,omitempty"`
	Timestamp time.Time         `json:"timestamp"`
}

func newOutboxRow(ctx context.Context, m *eventbus.Message, trace func(context.Context) map[string]string) (outboxRow, error) {
	traceID := m.TraceID
	if traceID == nil && trace != nil {
		traceID = trace(ctx)
	}
	raw, err := json.Marshal(stored{m.ID, m.EventType, m.Topic, m.Key, m.Payload, traceID, m.Timestamp})
	if err != nil {
		return outboxRow{}, fmt.Errorf("statedb: encode event %s: %w", m.EventType, err)
	}
	return outboxRow{Message: raw}, nil
}

func (r outboxRow) message() (*eventbus.Message, error) {
	var s stored
	if err := json.Unmarshal(r.Message, &s); err != nil {
		return nil, fmt.Errorf("statedb: decode event %d: %w", r.Seq, err)
	}
	return &eventbus.Message{
		ID: s.ID, EventType: s.EventType, Topic: s.Topic, Key: s.Key,
		Payload: s.Payload, TraceID: s.TraceID, Timestamp: s.Timestamp,
	}, nil
}

// RelayConfig tunes a Relay; zero fields take their defaults.
type RelayConfig struct {
	Batch  int           // events per publish, default 500
	Poll   time.Duration // how often to look for events of other processes, default 500 ms
	Lease  time.Duration // how long a process that died keeps others from sending, default 5 s
	Owner  string        // who leases, default random; a fixed one takes its lease back after a crash
	Logger *slog.Logger  // default slog.Default
}

// Relay sends the events that transactions have stored, oldest first, and removes
// what the broker has. Several processes may run one: a lease lets one at a time send.
type Relay struct {
	store *Store
	bus   eventbus.Publisher
	cfg   RelayConfig
	until time.Time // end of the lease that we hold
}

// NewRelay returns a relay. Call Run.
func NewRelay(store *Store, bus eventbus.Publisher, cfg RelayConfig) *Relay {
	if cfg.Batch == 0 {
		cfg.Batch = 500
	}
	if cfg.Poll == 0 {
		cfg.Poll = 500 * time.Millisecond
	}
	if cfg.Lease == 0 {
		cfg.Lease = 5 * time.Second
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.Owner == "" {
		cfg.Owner = uuid.NewString()
	}
	return &Relay{store: store, bus: bus, cfg: cfg}
}

// Run sends until ctx ends, then returns nil. A failure is logged and repeated.
func (r *Relay) Run(ctx context.Context) error {
	tick := time.NewTicker(r.cfg.Poll)
	defer tick.Stop()
	for {
		if err := r.Flush(ctx); err != nil && ctx.Err() == nil {
			r.cfg.Logger.WarnContext(ctx, "events stay in the outbox, will retry", "error", err)
			select { // do not let new events hurry a broker that is away
			case <-ctx.Done():
			case <-tick.C:
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-r.store.wake:
		case <-tick.C:
		}
	}
}

// Flush sends what is stored now. It returns nil also when another process holds
// the lease and sends instead. Only one Flush of a Relay may run at a time.
func (r *Relay) Flush(ctx context.Context) error {
	for {
		more, err := r.step(ctx)
		if err != nil || !more {
			return err
		}
	}
}

func (r *Relay) step(ctx context.Context) (more bool, err error) {
	rows, err := r.oldest(ctx)
	if err != nil || len(rows) == 0 {
		return false, err
	}
	if held, err := r.lease(ctx); err != nil || !held {
		return false, err
	}
	// Read again: the former holder may have sent the first ones meanwhile.
	if rows, err = r.oldest(ctx); err != nil || len(rows) == 0 {
		return false, err
	}
	msgs := make([]*eventbus.Message, len(rows))
	for i, row := range rows {
		if msgs[i], err = row.message(); err != nil {
			return false, err
		}
	}
	sendCtx, cancel := context.WithTimeout(ctx, r.cfg.Lease*2/5)
	defer cancel()
	if err := r.bus.Publish(sendCtx, msgs...); err != nil {
		return false, fmt.Errorf("statedb: send %d events: %w", len(msgs), err)
	}
	return len(rows) == r.cfg.Batch, r.remove(ctx, rows)
}

func (r *Relay) oldest(ctx context.Context) ([]outboxRow, error) {
	var rows []outboxRow
	err := r.store.db.NewSelect().Model(&rows).OrderExpr("seq").Limit(int64(r.cfg.Batch)).Scan(ctx)
	return rows, wrap("read the outbox", err)
}

// lease takes or extends the right to send, so that at least half of it is left.
func (r *Relay) lease(ctx context.Context) (bool, error) {
	if time.Until(r.until) > r.cfg.Lease/2 {
		return true, nil
	}
	held := false
	until := time.Now().Add(r.cfg.Lease)
	err := r.store.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		result, err := tx.ExecContext(ctx,
			"UPDATE outbox_lease SET owner = ?, until = ? WHERE id = 1 AND (owner = ? OR until < ?)",
			r.cfg.Owner, until.UnixMicro(), r.cfg.Owner, time.Now().UnixMicro())
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		held = n == 1
		return err
	})
	if held && err == nil {
		r.until = until
	}
	return held, wrap("take the relay's lease", err)
}

// remove forgets what was sent, even while the process is being stopped.
func (r *Relay) remove(ctx context.Context, rows []outboxRow) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.cfg.Lease)
	defer cancel()
	seqs := make([]int64, len(rows))
	for i, row := range rows {
		seqs[i] = row.Seq
	}
	err := r.store.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewDelete().Model((*outboxRow)(nil)).Where("seq IN (?)", bun.List(seqs)).Exec(ctx)
		return err
	})
	return wrap("empty the outbox", err)
}
