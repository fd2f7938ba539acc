#!/usr/bin/env bash
# A server and virtual phones for the rest of this CI job, from this checkout: QGJOB_URL is set for the steps that follow. They
# end with the job; --stop FOLDER ends them before.
#   ci/local-lab.sh [PHONES (2)] [FOLDER]
set -euo pipefail
ROOT=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
if [ "${1:-}" = --stop ]; then
  # The agent before the server, so that it can give its leases back.
  for name in agent server; do
    [ -s "$2/$name.pid" ] || continue
    pid=$(cat "$2/$name.pid")
    kill -TERM "$pid" 2>/dev/null || continue
    for _ in $(seq 200); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    kill -KILL "$pid" 2>/dev/null || true
  done
  exit 0
fi
phones=${1:-2}
folder=${2:-${RUNNER_TEMP:-/tmp}/qgjob-lab}
. "$ROOT/scripts/setup.sh"
need_dotnet
need_android_tools
build release
mkdir -p "$folder"
rm -f "$folder/ready"
# started NAME PROGRAM …: goes on when this step's shell is gone.
started() {
  local name=$1
  shift
  nohup setsid "$@" </dev/null >"$folder/$name.log" 2>&1 &
  echo $! >"$folder/$name.pid"
}
started server "$QGJOB_SERVER_BIN" --data "$folder/server" --urls "${QGJOB_LAB_URL:-http://127.0.0.1:0}" --ready-file "$folder/ready"
for _ in $(seq 600); do
  [ -s "$folder/ready" ] && break
  kill -0 "$(cat "$folder/server.pid")" 2>/dev/null || { cat "$folder/server.log" >&2; die "the server stopped while it started"; }
  sleep 0.1
done
[ -s "$folder/ready" ] || die "the server did not get ready within a minute; see $folder/server.log"
QGJOB_URL=$(cat "$folder/ready")
export QGJOB_URL
started agent "$QGJOB_BIN" agent --name lab --data "$folder/agent" --virtual-phones "$phones"
# The action is strict: what no device seen so far could run is refused. The agent installs Appium first.
for _ in $(seq 600); do
  [ "$("$QGJOB_BIN" devices list --json 2>/dev/null | grep -o '"device_id"' | wc -l)" -ge "$phones" ] && break
  kill -0 "$(cat "$folder/agent.pid")" 2>/dev/null || { cat "$folder/agent.log" >&2; die "the agent stopped while it started"; }
  sleep 1
done
echo "a server with $phones virtual phones at $QGJOB_URL"
[ -z "${GITHUB_ENV:-}" ] || echo "QGJOB_URL=$QGJOB_URL" >>"$GITHUB_ENV"
