#!/bin/sh
# Submits AppWright tests to a qgjob server from a CI job, follows them, and exits with their verdict. The GitHub action calls
# it, and so can any other CI. POSIX shell; all it needs is the qgjob program.
#
# Settings are environment variables, never words of a command: nothing that a branch or a test is called reaches a shell as code.
#   QGJOB_URL, QGJOB_TOKEN      the server; the token if it asks for one
#   QGJOB_CI_ORG                the org                                             (required)
#   QGJOB_CI_TESTS              test files and patterns, one a line                 (required)
#   QGJOB_CI_APP                the build: a file, or a pattern that one file matches
#   QGJOB_CI_APP_VERSION        its name; default: package and hash of the build, so that equal builds are one app version
#   QGJOB_CI_PROJECT            the AppWright project's folder
#   QGJOB_CI_TARGET, _PLATFORM, _DEVICE, _PRIORITY, _MAX_ATTEMPTS, _SPLIT     as the options of 'qgjob submit'
#   QGJOB_CI_STRICT             true: refuse what no device seen so far could run (status no_device)
#   QGJOB_CI_TIMEOUT            longest wait for the verdict, such as 45m; then the run is canceled
#   QGJOB_CI_SUPERSEDE          a key: what still waits of earlier runs with it is canceled; 'auto' or nothing: made from the
#                               workflow, branch and tests (GitHub), off on the default branch and on tags; 'off': none
#   QGJOB_CI_SUPERSEDED_OK      true: a run that a newer one superseded is no failure
#   QGJOB_CI_FAIL_ON_FLAKY, QGJOB_CI_FAIL_ON_SKIPPED                  true or false
#   QGJOB_CI_ASYNC              true: submit and do not wait
#   QGJOB_CI_REPORTS            folder for the reports (default qgjob-reports)
#   QGJOB_CI_EXTRA              further words for 'qgjob submit', one a line
#   QGJOB_CI_OUTPUTS            also write the outputs to this file, as name=value lines
#
# Exit code: the verdict's (docs/cli.md); 2 for a wrong setting. On GitHub: outputs, summary, annotations, also on failure.
set -u

github=${GITHUB_ACTIONS:-false}
state=$(mktemp -d "${TMPDIR:-/tmp}/qgjob-ci.XXXXXX") || exit 1
trap 'rm -rf "$state"' EXIT
: >"$state/outputs"

# output NAME: what qgjob wrote (name<<end, value, end).
output() { awk -v name="$1" 'on && $0 == end { exit } on { print } index($0, name "<<") == 1 { end = substr($0, length(name) + 3); on = 1 }' "$state/outputs"; }
has() { grep -q "^$1<<" "$state/outputs"; }
give() { has "$1" || printf '%s<<qgjob_ci_end\n%s\nqgjob_ci_end\n' "$1" "$2" >>"$state/outputs"; }

# The outputs are there whatever happened; then the end.
finish() {
  case $1 in
    0) word=passed ;; 2) word=invalid ;; 3) word=no_tests ;; 4) word=unauthorized ;; 10) word=failed ;; 15) word=undetermined ;;
    18) word=no_device ;; 19 | 130) word=canceled ;; 124) word=timed_out ;; *) word=error ;;
  esac
  [ "${async:-false}" = true ] && [ "$1" -eq 0 ] && word=submitted
  give status "$word"
  for name in run-id url passed failed flaky quarantined results junit report; do give "$name" ""; done
  [ -z "${GITHUB_OUTPUT:-}" ] || cat "$state/outputs" >>"$GITHUB_OUTPUT"
  if [ -n "${QGJOB_CI_OUTPUTS:-}" ]; then
    for name in run-id status url passed failed flaky quarantined junit report; do
      printf 'QGJOB_%s=%s\n' "$(printf %s "$name" | tr 'a-z-' 'A-Z_')" "$(output "$name" | head -n 1)"
    done >"$QGJOB_CI_OUTPUTS"
  fi
  exit "$1"
}

# A setting is wrong: said here, on the step and in the summary.
refuse() {
  printf 'qgjob: %s\n' "$1" >&2
  if [ "$github" = true ]; then
    line=$(printf %s "$1" | tr -d '\r' | tr '\n' ' ' | sed 's/%/%25/g')
    printf '::error title=qgjob::%s\n' "$line"
    # shellcheck disable=SC2016 # a fence, no command
    [ -z "${GITHUB_STEP_SUMMARY:-}" ] || printf '## ❌ qgjob was not started\n\n```text\n%s\n```\n' "$(printf %s "$1" | tr -d '`')" >>"$GITHUB_STEP_SUMMARY"
  fi
  finish "${2:-2}"
}

# A hash of standard input, with what there is.
cksum_of() { if command -v sha256sum >/dev/null 2>&1; then sha256sum; elif command -v shasum >/dev/null 2>&1; then shasum -a 256; else cksum; fi | tr -cd 'a-f0-9' | cut -c 1-40; }

# flag NAME VALUE: true or false, or nothing.
flag() {
  case $2 in
    true | false | '') ;;
    *) refuse "$1 is '$2'; write true or false." ;;
  esac
}

command -v qgjob >/dev/null 2>&1 || refuse "the qgjob program is not on PATH." 1
[ -n "${QGJOB_URL:-}" ] || refuse "no server: set server-url (QGJOB_URL) to its address, such as https://qgjob.example.com"
case $QGJOB_URL in http://* | https://*) ;; *) refuse "server-url '$QGJOB_URL' is no address; it begins with http:// or https://" ;; esac
[ -n "${QGJOB_CI_ORG:-}" ] || refuse "no org: set org-id (QGJOB_CI_ORG)"
[ -n "$(printf %s "${QGJOB_CI_TESTS:-}" | tr -d ' \t\r\n')" ] || refuse "no tests: set tests (QGJOB_CI_TESTS) to files and patterns, one a line"
flag superseded-ok "${QGJOB_CI_SUPERSEDED_OK:-}"
flag fail-on-flaky "${QGJOB_CI_FAIL_ON_FLAKY:-}"
flag fail-on-skipped "${QGJOB_CI_FAIL_ON_SKIPPED:-}"
flag async "${QGJOB_CI_ASYNC:-}"
flag strict "${QGJOB_CI_STRICT:-}"
async=${QGJOB_CI_ASYNC:-false}
project=${QGJOB_CI_PROJECT:-.}
[ -d "$project" ] || refuse "project: there is no folder '$project'"

newline='
'
app=
if [ -n "${QGJOB_CI_APP:-}" ]; then
  # The pattern alone is expanded: no part of it is split.
  oldifs=$IFS IFS=
  # shellcheck disable=SC2086
  set -- $QGJOB_CI_APP
  IFS=$oldifs
  [ -e "$1" ] || refuse "app: no file matches '$QGJOB_CI_APP'"
  [ $# -eq 1 ] || refuse "app: '$QGJOB_CI_APP' matches $# files ($(printf '%s ' "$@")); it must be exactly one"
  app=$1
fi

reports=${QGJOB_CI_REPORTS:-qgjob-reports}
mkdir -p "$reports" || refuse "the folder for reports cannot be made: $reports" 1
reports=$(cd "$reports" && pwd)
[ -z "$app" ] || case $app in /*) ;; *) app=$(pwd)/$app ;; esac

set -- submit --org-id "$QGJOB_CI_ORG"
[ -z "${QGJOB_CI_APP_VERSION:-}" ] || set -- "$@" --app-version-id "$QGJOB_CI_APP_VERSION"
[ -z "$app" ] || set -- "$@" --app "$app"
[ -z "${QGJOB_CI_TARGET:-}" ] || set -- "$@" --target "$QGJOB_CI_TARGET"
[ -z "${QGJOB_CI_PLATFORM:-}" ] || set -- "$@" --platform "$QGJOB_CI_PLATFORM"
[ -z "${QGJOB_CI_DEVICE:-}" ] || set -- "$@" --device "$QGJOB_CI_DEVICE"
[ "${QGJOB_CI_STRICT:-}" != true ] || set -- "$@" --strict
[ -z "${QGJOB_CI_PRIORITY:-}" ] || set -- "$@" --priority "$QGJOB_CI_PRIORITY"
[ -z "${QGJOB_CI_MAX_ATTEMPTS:-}" ] || set -- "$@" --max-attempts "$QGJOB_CI_MAX_ATTEMPTS"
[ -z "${QGJOB_CI_SPLIT:-}" ] || set -- "$@" --split "$QGJOB_CI_SPLIT"
[ "${QGJOB_CI_FAIL_ON_FLAKY:-}" != true ] || set -- "$@" --fail-on-flaky
[ "${QGJOB_CI_FAIL_ON_SKIPPED:-}" != true ] || set -- "$@" --fail-on-skipped

# lines TEXT: each line with something on it, without blanks around it, one after the other in "line".
each_line() {
  while IFS= read -r line || [ -n "$line" ]; do
    line=$(printf %s "$line" | sed 's/^[[:space:]]*//; s/[[:space:]]*$//')
    [ -z "$line" ] || printf '%s\n' "$line"
  done
}
tests=$(printf '%s\n' "$QGJOB_CI_TESTS" | each_line)
oldifs=$IFS IFS=$newline
set -f
for line in $tests; do set -- "$@" --test "$line"; done
for line in $(printf '%s\n' "${QGJOB_CI_EXTRA:-}" | each_line); do set -- "$@" "$line"; done
set +f
IFS=$oldifs

# What people want to know of a run later, and which older runs a newer one makes pointless.
meta() { [ -z "$2" ] || printf '%s=%s\n' "$1" "$(printf %s "$2" | tr -d '\r\n' | cut -c 1-1000)"; }
if [ -n "${GITHUB_REPOSITORY:-}" ]; then
  number=
  case ${GITHUB_REF:-} in refs/pull/*) number=${GITHUB_REF#refs/pull/} number=${number%%/*} ;; esac
  notes=$(
    meta repo "$GITHUB_REPOSITORY"
    meta branch "${GITHUB_HEAD_REF:-${GITHUB_REF_NAME:-}}"
    meta commit "${QGJOB_CI_SHA:-${GITHUB_SHA:-}}"
    meta pr "$number"
    meta actor "${GITHUB_ACTOR:-}"
    meta run_url "${GITHUB_SERVER_URL:-https://github.com}/$GITHUB_REPOSITORY/actions/runs/${GITHUB_RUN_ID:-}"
  )
else
  notes=$(
    meta repo "${CI_PROJECT_PATH:-${BITRISEIO_GIT_REPOSITORY_SLUG:-${JOB_NAME:-}}}"
    meta branch "${CI_COMMIT_REF_NAME:-${BITRISE_GIT_BRANCH:-${BRANCH_NAME:-}}}"
    meta commit "${CI_COMMIT_SHA:-${BITRISE_GIT_COMMIT:-${GIT_COMMIT:-}}}"
    meta run_url "${CI_JOB_URL:-${BITRISE_BUILD_URL:-${BUILD_URL:-}}}"
  )
fi
IFS=$newline
set -f
for line in $notes; do set -- "$@" --meta "$line"; done
set +f
IFS=$oldifs

supersede=${QGJOB_CI_SUPERSEDE:-auto}
if [ "$supersede" = auto ]; then
  supersede=off
  if [ -n "${GITHUB_REPOSITORY:-}" ] && [ "${GITHUB_REF_TYPE:-branch}" != tag ] && [ "${GITHUB_REF:-}" != "refs/heads/${QGJOB_CI_DEFAULT_BRANCH:-main}" ]; then
    # Siblings of a matrix differ in app, platform, target, device or tests, and so do not cancel each other.
    hash=$(printf '%s\n' "$GITHUB_REPOSITORY" "${GITHUB_WORKFLOW:-}" "${GITHUB_JOB:-}" "${GITHUB_REF:-}" "${QGJOB_CI_APP:-}" "${QGJOB_CI_PLATFORM:-}" \
      "${QGJOB_CI_TARGET:-}" "${QGJOB_CI_DEVICE:-}" "$tests" | cksum_of)
    supersede=github-$hash
  fi
fi
[ "$supersede" = off ] || set -- "$@" --supersede "$supersede"

if [ "$async" != true ]; then
  set -- "$@" --wait --cancel-on-interrupt --report "junit=$reports/junit.xml" --report "json=$reports/report.json" --report "html=$reports/html"
  [ -z "${QGJOB_CI_TIMEOUT:-}" ] || set -- "$@" --wait-timeout "$QGJOB_CI_TIMEOUT"
fi

# From here on the log is what tests and servers say: none of it may be a workflow command. qgjob, which knows the word, may.
if [ "$github" = true ]; then
  QGJOB_CI_STOP_TOKEN=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  export QGJOB_CI_STOP_TOKEN
  printf '::stop-commands::%s\n' "$QGJOB_CI_STOP_TOKEN"
fi
# In the background, so that a signal reaches us at once; TERM, since the shell lets what it starts so ignore INT.
signaled=
trap 'signaled=yes; kill -TERM "$qgjob" 2>/dev/null' INT TERM HUP
(cd "$project" && QGJOB_CI=github GITHUB_OUTPUT=$state/outputs exec qgjob "$@") 2>&1 &
qgjob=$!
wait "$qgjob"
code=$?
while [ -n "$signaled" ] && kill -0 "$qgjob" 2>/dev/null; do
  wait "$qgjob"
  code=$?
done
trap '' INT TERM HUP
[ -z "$signaled" ] || [ "$code" -le 130 ] || code=130
[ "$github" != true ] || printf '::%s::\n' "$QGJOB_CI_STOP_TOKEN"

if [ "$code" -eq 124 ]; then
  echo "canceling the run: it took longer than $QGJOB_CI_TIMEOUT"
  qgjob cancel "$(output run-id)" 2>&1 || true
fi
if [ "$code" -eq 19 ] && [ "${QGJOB_CI_SUPERSEDED_OK:-}" = true ] && [ -n "$(output superseded-by)" ]; then
  echo "superseded by run $(output superseded-by): no failure here"
  give status canceled
  code=0
fi
finish "$code"
