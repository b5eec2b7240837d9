#!/usr/bin/env bash
# Installs what internal/realservers starts for MongoDB tests, if it is not there: a JDK
# and Maven (Debian's packages; needs root then), and mongo-java-server's jars into .cache.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
jars=../../.cache/mongo-java-server
compgen -G "$jars/mongo-java-server-*.jar" >/dev/null && exit 0
if ! command -v mvn >/dev/null || ! command -v javac >/dev/null; then
  apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends default-jdk-headless maven
fi
rm -rf "$jars.part"
mvn -q -B -f mongo/pom.xml dependency:copy-dependencies -DoutputDirectory="$(realpath -m "$jars.part")"
mkdir -p "$jars"
mv "$jars.part"/* "$jars"/
