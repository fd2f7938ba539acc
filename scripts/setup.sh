# Shared by ./run, ./test, ./qgjob and ./qgjob-server; sourced, never run.
# shellcheck shell=bash

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# The .NET SDK is the one thing that we do not install ourselves.
need_dotnet() {
  command -v dotnet >/dev/null || die "the .NET SDK 10 is missing; install it from https://dotnet.microsoft.com/download and put dotnet on PATH"
  dotnet --list-sdks | grep -q '^10\.' || die "the .NET SDK 10 is needed; here there is: $(dotnet --list-sdks | tr '\n' ' ')"
}

# need_commands "command:debian-package" … installs, as root or with sudo, the packages of the commands that are missing.
need_commands() {
  local missing=() pair
  for pair in "$@"; do command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}"); done
  [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
}

install_packages() {
  local as_root=()
  command -v apt-get >/dev/null || die "please install what provides these Debian packages here: $*"
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "please install as root: apt-get install $*"
    as_root=(sudo)
  fi
  say "installing $*"
  { "${as_root[@]}" apt-get update -qq && DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "$@"; } >&2 \
    || die "apt-get could not install: $*"
}

# What running AppWright on Android takes, and nothing more.
need_android_tools() {
  need_commands adb:adb aapt:aapt apksigner:apksigner zipalign:zipalign java:default-jre-headless node:nodejs npm:npm
}

# The database servers that tests start on ports and folders of their own. Debian would also make a cluster and start both as
# services of this machine: a policy-rc.d for the time of the installation, and the setting for clusters, keep it from that.
need_databases() {
  local missing=() as_root=()
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null || missing+=(postgresql)
  command -v redis-server >/dev/null || missing+=(redis-server)
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || die "please install what provides these Debian packages here: ${missing[*]}"
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "please install as root: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  # shellcheck disable=SC2016 # expanded by the inner shell
  "${as_root[@]}" sh -c '
    if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
      mkdir -p /etc/postgresql-common
      echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.conf
    fi
    if [ ! -e /usr/sbin/policy-rc.d ]; then
      printf "#!/bin/sh\nexit 101 # qgjob: installing test databases\n" > /usr/sbin/policy-rc.d
      chmod 755 /usr/sbin/policy-rc.d
    fi'
  local code=0
  (install_packages "${missing[@]}") || code=$?
  # Only the one that was made here goes again.
  "${as_root[@]}" sh -c '! grep -qs "qgjob: installing" /usr/sbin/policy-rc.d || rm -f /usr/sbin/policy-rc.d'
  [ "$code" -eq 0 ] || exit "$code"
}

# need_node_fixture FROM TO WHAT: npm packages that tests use, in the versions of their lock file.
need_node_fixture() {
  local from=$ROOT/$1 to=$2
  cmp -s "$from/package-lock.json" "$to/package-lock.json" && [ -e "$to/.installed" ] && return
  need_commands node:nodejs npm:npm
  say "installing $3"
  rm -rf "$to" && mkdir -p "$to" && cp "$from"/package*.json "$to" \
    && npm ci --prefix "$to" --ignore-scripts --no-audit --no-fund >&2 && touch "$to/.installed" || die "npm could not install $3"
}

# The S3-compatible server that tests start.
need_s3() { need_node_fixture tests/fixtures/s3 "$ROOT/artifacts/s3" "the tests' S3 server"; }

# What shows a page to end-to-end tests.
need_browser() {
  need_commands chromium:chromium
}

# What cuts networks and moves clocks under the fault tests.
need_fault_tools() {
  need_commands ip:iproute2 iptables:iptables faketime:faketime
}

# What a native build takes besides the SDK.
need_native_tools() {
  need_commands gcc:gcc
  [ -e /usr/include/zlib.h ] || install_packages zlib1g-dev
}

# build CONFIGURATION: command line and server, unless nothing changed since the last build.
build() {
  local stamp=$ROOT/artifacts/.built-$1
  (
    mkdir -p "$ROOT/artifacts"
    flock 9
    [ -e "$stamp" ] && [ -x "$QGJOB_BIN" ] && [ -x "$QGJOB_SERVER_BIN" ] && [ -z "$(find "$ROOT/src" "$ROOT"/Directory.*.props "$ROOT/global.json" -type f -newer "$stamp" -print -quit)" ] && exit 0
    need_dotnet
    say "building qgjob ($1)"
    touch "$stamp.new"
    for project in Qgjob.Cli Qgjob.Server; do
      dotnet build "$ROOT/src/$project" -c "$1" -v quiet --nologo >&2 || exit 1
    done
    mv "$stamp.new" "$stamp"
  ) 9>"$ROOT/artifacts/.build-lock"
}

# publish_native FOLDER: the command line as one native program. Its intermediate files lie apart: publishing takes the
# program that `build` made out of its folder.
publish_native() {
  QGJOB_ARTIFACTS="$ROOT/artifacts/aot" dotnet publish "$ROOT/src/Qgjob.Cli" -c release -v quiet --nologo -o "$1" >&2
}
mkdir -p "$ROOT/artifacts"
QGJOB_BIN=$ROOT/artifacts/bin/Qgjob.Cli/release/qgjob
QGJOB_SERVER_BIN=$ROOT/artifacts/bin/Qgjob.Server/release/qgjob-server
