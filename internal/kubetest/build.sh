#!/usr/bin/env bash
# Builds kubetest once per version of its sources, into the user's cache folder,
# and prints where it is. The first build takes about ten minutes of CPU.
set -euo pipefail
cd "$(dirname "$0")"
dir=${XDG_CACHE_HOME:-$HOME/.cache}/hexplane/kubetest-$(cat go.mod go.sum ./*.go | sha256sum | cut -c1-16)
mkdir -p "$dir"
exec 9>"$dir/lock"
flock 9
if [ ! -x "$dir/kubetest" ]; then
  echo "kubetest: building, once" >&2
  version=k8s.io/component-base/version
  nice go build -ldflags "-s -w -X $version.gitVersion=v1.37.1 -X $version.gitMajor=1 -X $version.gitMinor=37" \
    -o "$dir/kubetest.part" . >&2
  mv "$dir/kubetest.part" "$dir/kubetest"
fi
echo "$dir/kubetest"
