# Finding processes by what is in their environment (Linux); sourced, never run.
# shellcheck shell=bash

# marked NAME[=VALUE] [PIDS]: the processes (among those) that have it in their environment.
marked() {
  local pid pids=${2-}
  [ $# -gt 1 ] || pids=$(ls /proc | grep -E '^[0-9]+$')
  for pid in $pids; do
    { grep -qzE "^$1(=|\$)" "/proc/$pid/environ"; } 2>/dev/null && echo "$pid"
  done
  return 0
}

# listening PIDS: how many listening TCP ports they have.
listening() {
  local pid sockets ports=0
  sockets=$(awk 'FNR > 1 && $4 == "0A" { print $10 }' /proc/net/tcp /proc/net/tcp6)
  for pid in $1; do
    ports=$((ports + $(ls -l "/proc/$pid/fd" 2>/dev/null | sed -n 's/.*socket:\[\([0-9]*\)\].*/\1/p' | grep -cxF "$sockets" || true)))
  done
  echo "$ports"
}

# describe PID: one line for people.
describe() {
  printf '  %s (parent %s, %s): %s\n' "$1" "$(awk '/^PPid/ { print $2 }' "/proc/$1/status")" \
    "$(awk '/^State/ { print $3 }' "/proc/$1/status")" "$(tr '\0' ' ' <"/proc/$1/cmdline" | cut -c1-160)"
} 2>/dev/null
