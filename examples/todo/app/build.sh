#!/usr/bin/env bash
# Builds the app with Debian's Android tools.
#   build.sh              builds ../builds/todo-1.0.apk and ../builds/todo-1.1.apk
#   build.sh 1.1          builds only that version
#   build.sh --check      builds into a temporary folder and says whether the committed files are the same, byte for byte
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export LC_ALL=C TZ=UTC

framework=/usr/share/android-framework-res/framework-res.apk

need() { # what is looked for, the package that has it
  command -v "$1" >/dev/null || [ -e "$1" ] || missing+=("$2")
}
missing=()
need aapt aapt
need apksigner apksigner
need zipalign zipalign
need "$framework" android-framework-res
need smali libsmali-java
need jar default-jdk-headless
need zip zip
if [ ${#missing[@]} -gt 0 ]; then
  echo "build.sh: not installed: ${missing[*]}. On Debian or Ubuntu: apt-get install ${missing[*]}" >&2
  exit 1
fi

# The R classes, from the R.java that aapt writes: smali then names resources instead of numbers.
write_r_classes() { # R.java, folder
  awk -v folder="$2" '
    / class [a-z]+ / {
      for (i = 1; i < NF; i++) if ($i == "class") name = $(i + 1)
      file = folder "/R$" name ".smali"
      print ".class public final Lcom/example/todo/R$" name ";\n.super Ljava/lang/Object;\n" > file
    }
    / int [A-Za-z0-9_]+=0x/ {
      split($NF, part, /[=;]/)
      print ".field public static final " part[1] ":I = " part[2] > file
    }' "$1"
}

build() { # version name, version code, the apk to write
  local work=$temporary/$1
  mkdir -p "$work/generated" "$work/r" "$work/content"
  aapt package -f -m --auto-add-overlay \
    -M AndroidManifest.xml -S res -S "versions/$1/res" -A assets -I "$framework" \
    --version-name "$1" --version-code "$2" \
    -J "$work/generated" -F "$work/resources.apk"
  write_r_classes "$work/generated/com/example/todo/R.java" "$work/r"
  smali assemble --jobs 1 --api 21 -o "$work/content/classes.dex" smali "$work/r"
  # Packed anew with one date, one order and zip's own compression, so that the same sources give the same bytes.
  (cd "$work/content" && jar xf "$work/resources.apk" && rm -rf META-INF \
    && find . -type f -exec touch -d 2020-01-01T00:00:00Z {} + \
    && find . -type f | sed 's|^\./||' | sort | zip -q -X -D -n .arsc "$work/unaligned.apk" -@)
  zipalign -f 4 "$work/unaligned.apk" "$work/aligned.apk"
  apksigner sign --ks todo-debug.keystore --ks-pass pass:android --ks-key-alias todo \
    --v1-signing-enabled true --v2-signing-enabled true --v3-signing-enabled false --v4-signing-enabled false \
    --out "$3" "$work/aligned.apk"
}

temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
out=../builds check=false versions=()
for argument in "$@"; do
  case $argument in
    --check) check=true out=$temporary/out ;;
    1.0 | 1.1) versions+=("$argument") ;;
    *) echo "build.sh: unknown argument '$argument'; usage: build.sh [--check] [1.0] [1.1]" >&2; exit 2 ;;
  esac
done
[ ${#versions[@]} -gt 0 ] || versions=(1.0 1.1)

mkdir -p "$out"
differ=0
for version in "${versions[@]}"; do
  apk=todo-$version.apk
  case $version in 1.0) code=1 ;; 1.1) code=2 ;; esac
  build "$version" "$code" "$out/$apk"
  if ! $check; then echo "built builds/$apk"
  elif cmp -s "$out/$apk" "../builds/$apk"; then echo "builds/$apk is the same"
  else echo "builds/$apk differs from what these sources give here"; differ=1
  fi
done
exit $differ
