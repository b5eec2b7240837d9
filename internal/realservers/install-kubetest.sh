#!/usr/bin/env bash
# Builds the Kubernetes API server of the integration tests, unless this machine
# has it already.
set -euo pipefail
"$(dirname "$0")/../kubetest/build.sh"
