#!/usr/bin/env bash
# Makes what compose.yaml needs and nobody else may know: passwords of PostgreSQL and Redis, the addresses that hold
# them, and a certificate for localhost that no browser trusts. What exists is left alone.
#
#   deploy/secrets.sh [FOLDER]    default: deploy/secrets
set -euo pipefail

folder=${1:-$(dirname "$0")/secrets}
# The folder is closed; the files in it are readable, since each container reads its own under another account.
mkdir -p "$folder"
chmod 700 "$folder"
cd "$folder"
umask 022

fresh() { [ ! -s "$1" ]; }
word() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

fresh postgres_password && word >postgres_password
fresh redis_password && word >redis_password
printf 'postgres://unisson:%s@postgres/unisson\n' "$(cat postgres_password)" >database_url
printf 'redis://:%s@redis/\n' "$(cat redis_password)" >redis_url
# No snapshots and no log of its own; when full it refuses rather than forgets.
cat >redis_conf <<END
requirepass $(cat redis_password)
save ""
appendonly no
maxmemory 256mb
maxmemory-policy noeviction
client-output-buffer-limit pubsub 64mb 16mb 60
END
if fresh tls_certificate || fresh tls_key; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout tls_key -out tls_certificate 2>/dev/null
  chmod 644 tls_key
fi
echo "the secrets are in $folder" >&2
