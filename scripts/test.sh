#!/usr/bin/env bash
# Installs what is missing, configures, builds and tests; ctest's summary comes last.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'EOF'
usage: scripts/test.sh [--sanitize LIST] [--help]

Builds into build/ and runs all tests and checks with ctest. Missing packages are installed
with apt-get on Debian and Ubuntu; nothing is downloaded when all are there.

  --sanitize LIST   build with address,undefined into build-asan, or with thread into
                    build-tsan, and run the test binary
EOF
}

sanitize=
while [ $# -gt 0 ]; do
  case $1 in
    --sanitize) sanitize=${2:?--sanitize needs a list, for example address,undefined}; shift 2 ;;
    --help) usage; exit ;;
    *) usage >&2; exit 2 ;;
  esac
done

# Each line: Debian package, then the command, header or folder that it provides.
required() {
  cat <<'EOF'
g++ c++
cmake cmake
ninja-build ninja
python3 python3
libfmt-dev fmt/format.h
nlohmann-json3-dev nlohmann/json.hpp
libcli11-dev CLI/CLI.hpp
libstb-dev stb/stb_image.h
zlib1g-dev zlib.h
doctest-dev doctest/doctest.h
EOF
}
# Without these the build is slower, or a check says that it was skipped.
optional() {
  cat <<'EOF'
ccache ccache
clang-format-14 clang-format-14
clang-tidy-14 clang-tidy-14
libonnx-testdata /usr/share/libonnx-testdata
EOF
}

missing() {
  while read -r package proof; do
    case $proof in
      /*) test -d "$proof" ;;
      *.h | *.hpp) echo "#include <$proof>" | c++ -E -x c++ - ;;
      *) command -v "$proof" ;;
    esac >/dev/null 2>&1 || echo "$package"
  done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@"
}

install_missing() {
  local needed wanted package
  mapfile -t needed < <(required | missing)
  mapfile -t wanted < <(optional | missing)
  [ ${#needed[@]} -gt 0 ] || [ ${#wanted[@]} -gt 0 ] || return 0
  echo "not installed: ${needed[*]} ${wanted[*]}"
  if command -v apt-get >/dev/null; then
    as_root apt-get update -q || echo "no new package lists; going on with the known ones"
    [ ${#needed[@]} -eq 0 ] || install "${needed[@]}"
    for package in "${wanted[@]}"; do
      install "$package" || echo "no package $package here; going on without it"
    done
  elif [ ${#needed[@]} -gt 0 ]; then
    echo "please install what Debian calls ${needed[*]}" >&2
    exit 1
  fi
}

install_missing </dev/null

# Lets a second clone of the repository reuse what the first one compiled.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1

if [ -n "$sanitize" ]; then
  case $sanitize in
    thread) build="build-tsan" ;;
    *) build="build-asan" ;;
  esac
  cmake -B "$build" -G Ninja -DTESSERA_SANITIZE="$sanitize" -DTESSERA_BENCH=OFF \
    -DTESSERA_EXAMPLES=OFF
  cmake --build "$build" --target tessera_tests
  UBSAN_OPTIONS=print_stacktrace=1 "$build/tessera_tests"
else
  cmake -B build -G Ninja
  cmake --build build
  ctest --test-dir build --output-on-failure --no-tests=error -j "$(nproc)"
fi
