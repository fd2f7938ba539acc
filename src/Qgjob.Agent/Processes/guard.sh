# Runs a program and ends its whole process group when stdin closes, that is when the agent is gone, however it died.
# $1: a mark (NAME=VALUE) for the program's environment; the rest: the program. The guard itself stays unmarked.
mark=$1
shift
exec 3<&0 </dev/null
trap : TERM
env "$mark" "$@" 3<&- &
child=$!
(
  trap '' TERM INT
  exec >/dev/null 2>&1
  while read -r _ <&3; do :; done
  kill -TERM 0
  sleep 5
  kill -KILL 0
) &
watcher=$!
# From here on silent: a shell announces that its child was terminated.
exec 3<&- >/dev/null 2>&1
wait "$child"
status=$?
# A signal to this shell ends the wait, not the program.
while [ "$status" -gt 128 ] && kill -0 "$child" 2>/dev/null; do
  wait "$child"
  status=$?
done
kill -KILL "$watcher" 2>/dev/null
exit "$status"
