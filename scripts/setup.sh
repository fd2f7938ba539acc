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
