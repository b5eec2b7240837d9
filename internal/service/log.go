package service

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/lmittmann/tint"
)

// newLogger returns the logger of a process.
func newLogger(cfg Config, w io.Writer) (*slog.Logger, error) {
	switch cfg.LogFormat {
	case "tint", "":
		return slog.New(tint.NewHandler(w, &tint.Options{Level: cfg.LogLevel, TimeFormat: time.TimeOnly})), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: cfg.LogLevel})), nil
	}
	return nil, fmt.Errorf("LOG_FORMAT: %q is neither tint nor json", cfg.LogFormat)
}
