#!/usr/bin/env bash
# Installs Debian's PostgreSQL, for the integration tests, if there is none. Needs root then.
set -euo pipefail
compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null && exit 0
apt-get update -q
# The package would otherwise start a server of its own.
mkdir -p /etc/postgresql-common
echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends postgresql
