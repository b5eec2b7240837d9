#!/usr/bin/env bash
# Fetches Apache Kafka, for the integration tests, from Maven into the user's cache folder,
# if it is not there, and Java and Maven themselves where they are missing.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
version=$(sed -n 's:.*<kafka.version>\(.*\)</kafka.version>.*:\1:p' "$here/pom.xml")
libs=${XDG_CACHE_HOME:-$HOME/.cache}/hexplane/kafka-$version
[ -f "$libs/complete" ] && command -v java >/dev/null && exit 0
if ! command -v mvn >/dev/null || ! command -v java >/dev/null; then
  apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends default-jdk-headless maven
fi
mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$libs" -DincludeScope=runtime
touch "$libs/complete"
