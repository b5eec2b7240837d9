#!/usr/bin/env bash
# Fetches Apache Kafka, for the integration tests, from Maven into the user's cache
# folder, if it is not there. Needs mvn; running it needs Java 17 or later.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
version=$(sed -n 's:.*<kafka.version>\(.*\)</kafka.version>.*:\1:p' "$here/pom.xml")
libs=${XDG_CACHE_HOME:-$HOME/.cache}/hexplane/kafka-$version
[ -f "$libs/complete" ] && exit 0
mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$libs" -DincludeScope=runtime
touch "$libs/complete"
