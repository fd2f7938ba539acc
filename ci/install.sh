#!/usr/bin/env bash
# Puts qgjob on PATH for the steps that follow: one that is there already, a release's archive, or this checkout's own.
#   QGJOB_VERSION   a release such as v1.2.0, 'latest', or nothing: the release that the action was taken from, else this checkout
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
version=${QGJOB_VERSION:-}
die() { printf '::error title=qgjob::%s\n' "${1//%/%25}"; exit 1; }

if [ -z "$version" ] && command -v qgjob >/dev/null; then
  qgjob version
  exit 0
fi
[ -n "$version" ] || case ${QGJOB_ACTION_REF:-} in v[0-9]*) version=$QGJOB_ACTION_REF ;; esac
if [ -z "$version" ]; then
  # 'uses: ./' and branches: what is checked out is what is meant.
  command -v dotnet >/dev/null || die "qgjob is built from the checkout here, which takes the .NET SDK 10: add actions/setup-dotnet before, or set qgjob-version to a release."
  "$root/qgjob" version
  echo "$root" >>"$GITHUB_PATH"
  exit 0
fi

repository=${QGJOB_ACTION_REPOSITORY:-$GITHUB_REPOSITORY}
case $version in latest | v[0-9]*) ;; *) die "qgjob-version '$version' is no release; write one like v1.2.0, or latest." ;; esac
case $(uname -s)-$(uname -m) in
  Linux-x86_64) platform=linux-x64 ;;
  Linux-aarch64) platform=linux-arm64 ;;
  Darwin-arm64) platform=osx-arm64 ;;
  *) die "there is no qgjob release for $(uname -s) $(uname -m)." ;;
esac
from=${GITHUB_SERVER_URL:-https://github.com}/$repository/releases
[ "$version" = latest ] && from=$from/latest/download || from=$from/download/$version
to=${RUNNER_TEMP:-/tmp}/qgjob-$version
mkdir -p "$to"
for file in "qgjob-$platform.tar.gz" "qgjob-$platform.tar.gz.sha256"; do
  curl --fail --silent --show-error --location --retry 3 --max-time 300 --output "$to/$file" "$from/$file" || die "qgjob $version could not be fetched from $from."
done
(cd "$to" && sha256sum --check --quiet "qgjob-$platform.tar.gz.sha256") || die "the archive of qgjob $version is not what its checksum says."
tar -xzf "$to/qgjob-$platform.tar.gz" -C "$to"
"$to/qgjob" version
echo "$to" >>"$GITHUB_PATH"
