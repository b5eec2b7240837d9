# hexplane: every command a person or CI needs. `make` alone lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Tools are pinned here and built from source by the Go module proxy into .bin,
# one folder per version, so that a new pin never meets an old binary.
GOLANGCI_LINT_VERSION := v2.15.0
GOVULNCHECK_VERSION := v1.9.0
GOLANGCI_LINT := .bin/golangci-lint-$(GOLANGCI_LINT_VERSION)/golangci-lint
BUF_VERSION := v1.75.0
PROTOC_GEN_GO_VERSION := v1.36.12
PROTOC_GEN_GO_GRPC_VERSION := v1.6.2
GOVULNCHECK := .bin/govulncheck-$(GOVULNCHECK_VERSION)/govulncheck

# buf and the two plugins it calls, in one folder that goes on the PATH.
BUF_DIR := .bin/buf-$(BUF_VERSION)-$(PROTOC_GEN_GO_VERSION)-$(PROTOC_GEN_GO_GRPC_VERSION)

# What the main job reads: the checked-in households, or HOUSEHOLDS=n made on the spot.
DATA_DIR ?= .data
HOUSEHOLDS ?=
ARGS ?=
INPUT := $(if $(HOUSEHOLDS),.cache/households-$(HOUSEHOLDS).ndjson,examples/fullsync/households.ndjson)
STANDALONE := DATA_DIR=$(DATA_DIR) .bin/standalone

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "; print "make TARGET\n"} \
		/^[a-zA-Z_-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
	@printf '\nVariables: HOUSEHOLDS=n (size of the input), DATA_DIR=dir (default .data), ARGS="…" (for standalone, or the benchmark)\n'

##@ The main job

.PHONY: run
run: .bin/standalone $(INPUT) ## Load the households, run a full sync, compare every document (fresh data folder)
	$(STANDALONE) run --input $(INPUT) $(ARGS)

.PHONY: resume
resume: .bin/standalone ## Go on with an interrupted run, and its input, on the same data folder
	$(STANDALONE) run --resume $(ARGS)

.PHONY: serve
serve: .bin/standalone $(INPUT) ## The same as run, then stay up and print what to try
	$(STANDALONE) serve --input $(INPUT) $(ARGS)

.PHONY: .bin/standalone
.bin/standalone:
	@go build -o $@ ./services/standalone

.cache/households-%.ndjson: $(wildcard examples/fullsync/generate/*.go)
	@mkdir -p $(@D)
	go run ./examples/fullsync/generate -households $* >$@.part
	@mv $@.part $@

##@ Checks

# The race detector links through cgo, which needs a C compiler.
RACE := $(if $(shell command -v gcc),-race)

.PHONY: test
test: ## Every test that needs nothing but Go, with the race detector where there is a C compiler
	$(if $(RACE),,@echo "no gcc here: testing without the race detector")
	go test $(RACE) ./...

# The SDK's own, and those whose dependencies are kept out of its graph.
MODULES := . asynctask/bench internal/kubetest

.PHONY: lint
lint: $(GOLANGCI_LINT) proto-check ## golangci-lint with .golangci.yaml, and the .proto files with buf
	for module in $(MODULES); do (cd "$$module" && $(abspath $(GOLANGCI_LINT)) run ./...); done

.PHONY: fmt
fmt: $(GOLANGCI_LINT) ## Format every file the way lint wants it
	$(GOLANGCI_LINT) fmt ./...

.PHONY: vuln
vuln: $(GOVULNCHECK) ## Known vulnerabilities that the code reaches (needs the network: vuln.go.dev)
	$(GOVULNCHECK) ./...

.PHONY: test-crash
test-crash: ## kill -9 the main job at random moments in the sync and resume it, five times; then task workers and their broker, 200 times; then consumers, 50 times; then each part of Demeter at every boundary
	go test -race -count=1 -run Crash -v ./services/standalone/... -crash.rounds=5
	go test -count=1 -timeout 60m -v ./asynctask/internal/crashtest -crash.kills=200 -crash.leaves=100000
	go test -count=1 -timeout 60m -v -run Crash ./eventbus/eventbustest -crash.rounds=50
	for server in postgres kafka kubetest; do "internal/realservers/install-$$server.sh"; done
	go test -race -count=1 -timeout 60m -tags integration -v -run Crash ./services/fabricd/wire -crash.every=1

.PHONY: test-integration
test-integration: ## The tests against real servers, which are installed if they are absent
	for install in internal/realservers/install-*.sh; do "$$install"; done
	go test -race -count=1 -tags integration $$(grep -rl '^//go:build integration' --include='*_test.go' . | xargs -n1 dirname | sort -u)

.PHONY: bench
bench: ## Every benchmark, once
	go test -run '^$$' -bench . -benchmem ./...

.PHONY: bench-eventbus
bench-eventbus: ## eventbus beside raw franz-go and watermill-kafka (REAL=1: on Apache Kafka; ARGS="-rounds 1" for less)
	$(if $(REAL),internal/realservers/install-kafka.sh && BUSBENCH_REAL=1 go test -count=1 -timeout 60m -tags integration -run RealKafka -v ./internal/busbench -args $(ARGS),go run ./internal/busbench $(ARGS))

.PHONY: bench-hsadmin
bench-hsadmin: ## The HS Admin client: throughput, cost of decorators, faults, memory (minutes; ARGS="-scale 0.1" for less)
	go run ./internal/hsbench $(ARGS)

.PHONY: bench-asynctask
bench-asynctask: ## What tasks of a thousand and of a million cost, on SQLite and PostgreSQL, and peers beside them (minutes)
	internal/realservers/install-postgres.sh
	cd asynctask/bench && go test -count=1 -timeout 3h -run Figures -v . $(ARGS)

.PHONY: bench-demeter
bench-demeter: ## Demeter: CreateProject beside the bare transaction, RPC to ready, namespaces beside a plain client, 20 clusters, restart
	for server in postgres kafka kubetest; do "internal/realservers/install-$$server.sh"; done
	go test -tags integration -run '^$$' -bench DemeterCreate -benchtime 10000x ./services/management/wire
	go test -run '^$$' -bench DemeterClusters -benchtime 1000x ./services/management/wire
	go test -tags integration -run '^$$' -bench DemeterReady -benchtime 600x ./services/fabricd/wire
	go test -tags integration -run '^$$' -bench Namespaces -benchtime 500x ./fabric/kube
	go test -run '^$$' -bench Distribution -benchtime 10000x ./services/fabricd/wire
	go test -run '^$$' -bench Restart -benchtime 3x ./fabric
	go test -tags integration -run '^$$' -bench Restart -benchtime 1000x ./fabric/kube

##@ Sources

PROTO := management/managementpb/proto

.PHONY: proto
proto: $(BUF_DIR)/buf ## The gRPC interface's Go code from its .proto files
	cd $(PROTO) && PATH=$(abspath $(BUF_DIR)):$$PATH buf format -w && PATH=$(abspath $(BUF_DIR)):$$PATH buf generate

.PHONY: proto-check
proto-check: $(BUF_DIR)/buf ## Lint the .proto files and look for changes that break callers of the last release
	cd $(PROTO) && $(abspath $(BUF_DIR))/buf lint && $(abspath $(BUF_DIR))/buf breaking --against baseline.binpb

.PHONY: proto-baseline
proto-baseline: $(BUF_DIR)/buf ## At a release: the .proto files as they are become what proto-check compares with
	cd $(PROTO) && $(abspath $(BUF_DIR))/buf build --exclude-source-info -o baseline.binpb

.PHONY: generate
generate: ## Everything generated: JSON Schemas, the AsyncAPI document, dependency lists, the checked-in households
	go generate ./...

##@ Tools

.PHONY: tools
tools: $(GOLANGCI_LINT) $(GOVULNCHECK) $(BUF_DIR)/buf ## Build the pinned tools into .bin

$(GOLANGCI_LINT):
	GOBIN=$(abspath $(@D)) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)

$(GOVULNCHECK):
	GOBIN=$(abspath $(@D)) go install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION)

$(BUF_DIR)/buf:
	GOBIN=$(abspath $(@D)) go install google.golang.org/protobuf/cmd/protoc-gen-go@$(PROTOC_GEN_GO_VERSION)
	GOBIN=$(abspath $(@D)) go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@$(PROTOC_GEN_GO_GRPC_VERSION)
	GOBIN=$(abspath $(@D)) go install github.com/bufbuild/buf/cmd/buf@$(BUF_VERSION)
