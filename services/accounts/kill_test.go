package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/hexplane/hexplane/internal/embedkafka"
	"github.com/hexplane/hexplane/internal/httpapi"
	"github.com/hexplane/hexplane/internal/service/servicetest"
	"github.com/hexplane/hexplane/rsmodels/rsevent"
)

func TestKilledServiceLosesNoEvent(t *testing.T) { testKills(t) }

// testKills kills the process while accounts are being created, three times over, and
// demands that every account whose creation was answered is told of on the topic.
func testKills(t *testing.T, env ...string) {
	t.Helper()
	broker, err := embedkafka.Start(embedkafka.Config{})
	require.NoError(t, err)
	defer broker.Close()
	env = append(env, "DATA_DIR="+t.TempDir(), "KAFKA_BROKERS="+strings.Join(broker.Addrs(), ","))

	answered := map[string]bool{}
	for life := range 3 {
		b := servicetest.Start(t, env...)
		ids := make(chan string)
		go create(t.Context(), b.URL("accounts"), life, ids)
		for range 20 + 7*life {
			answered[<-ids] = true
		}
		b.Kill()
		for id := range ids { // answered before the end
			answered[id] = true
		}
	}
	last := servicetest.Start(t, env...)
	missing := unheard(t, broker, answered)
	assert.Empty(t, missing)
	last.Kill()
}

// create creates accounts one after the other until the service is gone, and tells
// those that were answered.
func create(ctx context.Context, url string, life int, ids chan<- string) {
	defer close(ids)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for i := 0; ; i++ {
		id := fmt.Sprintf("a-%d-%d", life, i)
		body := strings.NewReader(`{"account_id":"` + id + `","name":"n"}`)
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/accounts", body)
		if err != nil {
			return
		}
		req.Header.Set(httpapi.ISPHeader, "isp-1")
		res, err := client.Do(req)
		if err != nil {
			return
		}
		_ = res.Body.Close()
		if res.StatusCode == http.StatusCreated {
			ids <- id
		}
	}
}

// unheard reads the topic until every account was told of, and returns those that
// never are.
func unheard(t *testing.T, broker *embedkafka.Broker, answered map[string]bool) map[string]bool {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(broker.Addrs()...), kgo.ConsumeTopics(rsevent.TopicProvision))
	require.NoError(t, err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for len(answered) > 0 && ctx.Err() == nil {
		client.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			var event struct {
				EventType string          `json:"event_type"`
				Payload   rsevent.Account `json:"payload"`
			}
			assert.NoError(t, json.Unmarshal(r.Value, &event))
			assert.Equal(t, rsevent.TypeAccountCreated, event.EventType)
			assert.Equal(t, string(r.Key), event.Payload.AccountID)
			delete(answered, event.Payload.AccountID)
		})
	}
	return answered
}
