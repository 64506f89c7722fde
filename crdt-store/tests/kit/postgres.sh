#!/bin/sh
# A throw-away PostgreSQL for tests, on a Unix socket only, so that no port is needed.
#
#   postgres.sh start DIR   makes and starts a cluster in DIR, prints its address
#   postgres.sh stop DIR    stops it and removes DIR
#   postgres.sh shared LOCK starts one beside the file LOCK unless it runs, prints its address;
#                           it stops by itself when nobody has held a shared flock on LOCK for
#                           a while, however the holders ended
#
# UNISSON_TEST_POSTGRES_FSYNC=on makes commits durable, for measurements (off otherwise).
# As root everything runs as the user `postgres`.
set -eu

fail() {
    echo "postgres.sh: $1" >&2
    exit 1
}

binaries() {
    for folder in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t/ -k5 -rn); do
        [ -x "$folder/initdb" ] && echo "$folder" && return
    done
    initdb=$(command -v initdb) && dirname "$initdb" && return
    fail "PostgreSQL is not installed: apt-get install postgresql, or set UNISSON_TEST_POSTGRES to an address"
}

as_postgres() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid=postgres --regid=postgres --clear-groups -- "$@"
    else
        "$@"
    fi
}

address() {
    echo "postgres://postgres@localhost/postgres?host=$1"
}

start() {
    dir=$1
    bin=$(binaries)
    fsync=${UNISSON_TEST_POSTGRES_FSYNC:-off}
    [ "${#dir}" -le 80 ] || fail "the path $dir is too long for a socket"
    mkdir -p "$dir"
    chmod 700 "$dir"
    if [ "$(id -u)" = 0 ]; then chown postgres "$dir"; fi
    cd /
    as_postgres test -w "$dir" || fail "$dir cannot be written by the user postgres"
    if ! as_postgres "$bin/initdb" --no-sync --auth=trust --username=postgres --encoding=UTF8 \
        --locale=C.UTF-8 --pgdata="$dir/data" >"$dir.log" 2>&1; then
        cat "$dir.log" >&2
        fail "initdb failed"
    fi
    rm -f "$dir.log"
    as_postgres "$bin/pg_ctl" start --silent --wait --timeout=60 --pgdata="$dir/data" --log="$dir/log" \
        --options="-c listen_addresses='' -c unix_socket_directories='$dir' -c fsync=$fsync \
            -c full_page_writes=$fsync -c synchronous_commit=$fsync -c max_connections=200 \
            -c shared_buffers=64MB -c max_wal_size=2GB -c log_min_messages=warning" >/dev/null || {
        cat "$dir/log" >&2
        fail "PostgreSQL did not start"
    }
}

stop() {
    dir=$1
    if [ -f "$dir/data/postmaster.pid" ]; then
        cd /
        as_postgres "$(binaries)/pg_ctl" stop --silent --mode=immediate --pgdata="$dir/data" >/dev/null || true
    fi
    rm -rf "$dir"
}

runs() {
    [ -f "$1/data/postmaster.pid" ] && kill -0 "$(head -n 1 "$1/data/postmaster.pid")" 2>/dev/null
}

# Waits until nobody holds the lock and nobody asked for 20 seconds, then stops the cluster.
watch() {
    lock=$1
    dir=$2
    while sleep 5; do
        exec 8>>"$lock"
        flock --exclusive 8
        if [ -z "$(find "$dir/used" -newermt '-20 seconds' 2>/dev/null)" ]; then
            stop "$dir"
            exit 0
        fi
        exec 8>&-
    done
}

case "${1:-}" in
start)
    start "$2"
    address "$2"
    ;;
stop)
    stop "$2"
    ;;
shared)
    lock=$2
    dir=$lock.d
    # One starter at a time; let go when this script ends.
    exec 9>>"$lock.start"
    flock --exclusive 9
    if ! runs "$dir"; then
        rm -rf "$dir"
        start "$dir" 9>&-
        touch "$dir/used"
        setsid "$0" watch "$lock" "$dir" </dev/null >/dev/null 2>&1 9>&- &
    fi
    touch "$dir/used"
    address "$dir"
    ;;
watch)
    watch "$2" "$3"
    ;;
*)
    fail "start DIR, stop DIR or shared LOCK"
    ;;
esac
