package service

import (
	"log/slog"
	"path/filepath"
	"time"
)

// Config is what every service reads from its environment. Unset means embedded.
type Config struct {
	Kafka KafkaConfig

	MongoURI    Secret `env:"MONGODB_URI" desc:"MongoDB for documents, in the database that its path names (hexplane); unset: SQLite under DATA_DIR"`
	DatabaseURL Secret `env:"DATABASE_URL" desc:"PostgreSQL for task state; unset: SQLite under DATA_DIR"`
	DataDir     string `env:"DATA_DIR" envDefault:".data" desc:"folder of the embedded state"`
	DataSync    bool   `env:"DATA_SYNC" desc:"sync embedded state to disk at each commit, against power loss"`

	HTTPAddr  string `env:"HTTP_ADDR" desc:"where the REST interface listens"`
	AdminAddr string `env:"ADMIN_ADDR" desc:"where /livez, /readyz and /metrics are served"`

	LogLevel  slog.Level `env:"LOG_LEVEL" envDefault:"INFO" desc:"debug, info, warn or error"`
	LogFormat string     `env:"LOG_FORMAT" envDefault:"tint" desc:"tint (for people) or json"`

	OTLPEndpoint    string        `env:"OTEL_EXPORTER_OTLP_ENDPOINT" desc:"collector of traces; unset: none are sent"`
	ShutdownTimeout time.Duration `env:"SHUTDOWN_TIMEOUT" envDefault:"20s" desc:"longest time to finish work in flight"`

	// NoDocuments, which no variable sets, refuses a MongoDB that holds documents of the
	// service already. An embedded database is as empty as its folder.
	NoDocuments bool
}

// KafkaConfig says which brokers to use and how to speak to them.
type KafkaConfig struct {
	Brokers  []string `env:"KAFKA_BROKERS" desc:"host:port,...; unset: an embedded broker under DATA_DIR"`
	Client   string   `env:"KAFKA_CLIENT" envDefault:"watermill" desc:"watermill (reliable) or franz (performant)"`
	SASL     string   `env:"KAFKA_SASL_MECHANISM" desc:"PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; unset: none"`
	Username string   `env:"KAFKA_SASL_USERNAME" desc:"user of SASL"`
	Password Secret   `env:"KAFKA_SASL_PASSWORD" desc:"password of SASL"`
	TLSCA    string   `env:"KAFKA_TLS_CA" desc:"PEM file of the authority; setting it turns TLS on"`
	TLSCert  string   `env:"KAFKA_TLS_CERT" desc:"PEM file of the client certificate"`
	TLSKey   string   `env:"KAFKA_TLS_KEY" desc:"PEM file of the client key"`
}

// dir returns the folder of one service's embedded state.
func (c Config) dir(name string) string { return filepath.Join(c.DataDir, name) }
