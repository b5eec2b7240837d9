package service_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/internal/service"
)

func TestMain(m *testing.M) {
	// The Kafka client library keeps one ticker for all its meters, for good.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"))
}

type ownConfig struct {
	Word string         `env:"WORD" envDefault:"hello" desc:"what is said"`
	Key  service.Secret `env:"KEY" desc:"what is not said"`
}

func app() service.App[ownConfig] {
	return service.App[ownConfig]{
		Name: "speaker", Summary: "says a word", HTTPAddr: "127.0.0.1:0", AdminAddr: "127.0.0.1:0",
		New: func(_ context.Context, p *service.Platform, _ ownConfig) (*service.Service, error) {
			return &service.Service{Platform: p}, nil
		},
		Commands: []service.Command[ownConfig]{{
			Name: "once", Summary: "says it once",
			Run: func(_ context.Context, p *service.Platform, cfg ownConfig) error {
				p.Log.Info("said", "word", cfg.Word, "key", cfg.Key)
				return nil
			},
		}},
	}
}

func TestHelp(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, service.Run(t.Context(), app(), []string{"--help"}, nil, &out, &out))
	for _, line := range []string{
		"speaker says a word.", "speaker once\tsays it once",
		`(?m)^  WORD +hello +what is said$`, `(?m)^  KEY +what is not said$`,
		`(?m)^  HTTP_ADDR +127.0.0.1:0 +where the REST interface listens$`,
		`(?m)^  DATA_DIR +\.data +`, `(?m)^  KAFKA_SASL_PASSWORD +password of SASL$`, `(?m)^  SHUTDOWN_TIMEOUT +20s +`,
	} {
		assert.Regexp(t, line, out.String())
	}
}

func TestCommandRunsOnceAndSecretsHide(t *testing.T) {
	var logs bytes.Buffer
	env := map[string]string{"DATA_DIR": t.TempDir(), "WORD": "hi", "KEY": "sesame", "LOG_FORMAT": "json"}
	require.NoError(t, service.Run(t.Context(), app(), []string{"once"}, env, &logs, &logs))
	assert.Contains(t, logs.String(), `"word":"hi","key":"[redacted]"`)
	assert.NotContains(t, logs.String(), "sesame")
}

func TestWrongEnvironment(t *testing.T) {
	tests := map[string]struct {
		env  map[string]string
		args []string
		want string
	}{
		"duration":     {map[string]string{"SHUTDOWN_TIMEOUT": "soon"}, nil, "ShutdownTimeout"},
		"log format":   {map[string]string{"LOG_FORMAT": "xml"}, nil, "LOG_FORMAT"},
		"log level":    {map[string]string{"LOG_LEVEL": "loud"}, nil, "LogLevel"},
		"kafka client": {map[string]string{"KAFKA_CLIENT": "carrier pigeon"}, nil, "KAFKA_CLIENT"},
		"kafka ca":     {map[string]string{"KAFKA_TLS_CA": "/nothing"}, nil, "KAFKA_TLS_CA"},
		"mongodb":      {map[string]string{"MONGODB_URI": "secret"}, nil, "MONGODB_URI: mongostore: open: not a valid MongoDB URI"},
		"no mongodb": {
			env:  map[string]string{"MONGODB_URI": "mongodb://u:secret@127.0.0.1:1/?serverSelectionTimeoutMS=20"},
			want: "MONGODB_URI: mongostore: no primary answers",
		},
		"argument": {nil, []string{"twice"}, `unknown argument "twice"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			env := map[string]string{"DATA_DIR": t.TempDir()}
			maps.Copy(env, tt.env)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			err := service.Run(ctx, app(), tt.args, env, &bytes.Buffer{}, &bytes.Buffer{})
			require.ErrorContains(t, err, tt.want)
			require.NotContains(t, err.Error(), "secret")
		})
	}
}

func TestSecret(t *testing.T) {
	s := service.Secret("sesame")
	assert.Equal(t, "[redacted] [redacted] [redacted]", fmt.Sprintf("%v %s %#v", s, s, s))
	assert.Equal(t, "[redacted]", s.LogValue().String())
	text, err := s.MarshalText()
	require.NoError(t, err)
	assert.Equal(t, "[redacted]", string(text))
	assert.Empty(t, service.Secret("").String())
	var logs bytes.Buffer
	slog.New(slog.NewTextHandler(&logs, nil)).Info("x", "s", s)
	assert.NotContains(t, logs.String(), "sesame")
}
