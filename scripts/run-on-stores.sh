#!/usr/bin/env bash
# ./run's suite on PostgreSQL and on Redis, each a server of its own for this: it must be as green as on SQLite.
set -euo pipefail
ROOT=$(dirname "$(dirname "$(readlink -f "$0")")")
folder=$(mktemp -d /tmp/qgjob-stores-XXXXXX)
redis=
# PostgreSQL does not run as root.
as_owner() { if [ "$(id -u)" -eq 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
free_port() { local port; while port=$((20000 + RANDOM % 20000)); (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done; echo "$port"; }
stop() {
  [ -z "$redis" ] || kill "$redis" 2>/dev/null || true
  [ ! -e "$folder/pg/postmaster.pid" ] || as_owner "$bin/pg_ctl" -D "$folder/pg" -m immediate -w stop >/dev/null || true
  [ -z "$redis" ] || wait "$redis" 2>/dev/null || true
  rm -rf "$folder"
}
trap stop EXIT

bin=$(dirname "$(find /usr/lib/postgresql -name initdb -path '*/bin/*' | sort -V | tail -n 1)")
mkdir "$folder/pg" "$folder/redis"
[ "$(id -u)" -ne 0 ] || chown postgres "$folder" "$folder/pg"
pg_port=$(free_port) redis_port=$(free_port)
as_owner "$bin/initdb" -D "$folder/pg" -A trust -U qgjob >/dev/null
as_owner "$bin/pg_ctl" -D "$folder/pg" -l "$folder/pg/log" -o "-p $pg_port -k $folder -c listen_addresses=127.0.0.1" -w start >/dev/null
redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$folder/redis" --appendonly yes --save '' >/dev/null &
redis=$!

for store in "postgres://qgjob@127.0.0.1:$pg_port/postgres" "redis://127.0.0.1:$redis_port/0"; do
  log=$folder/${store%%:*}.log
  QGJOB_RUN_DATA=$folder/${store%%:*} timeout 300 "$ROOT/run" --once --store "$store" > "$log" 2>&1 || { cat "$log"; exit 1; }
  line=$(tail -n 1 "$log")
  echo "${store%%:*}: $line"
  [[ $line == 'passed 14, failed 0, '* ]]
done
