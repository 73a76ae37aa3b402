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

. scripts/packages.sh
install_missing test </dev/null

if [ -n "$sanitize" ]; then
  case $sanitize in
    thread) build="build-tsan" ;;
    *) build="build-asan" ;;
  esac
  cmake -B "$build" -G Ninja -DCMAKE_UNITY_BUILD=ON -DTESSERA_SANITIZE="$sanitize" \
    -DTESSERA_BENCH=OFF -DTESSERA_EXAMPLES=OFF
  cmake --build "$build" --target tessera_tests
  UBSAN_OPTIONS=print_stacktrace=1 "$build/tessera_tests"
else
  cmake -B build -G Ninja -DCMAKE_UNITY_BUILD=ON
  cmake --build build
  ctest --test-dir build --output-on-failure --no-tests=error -j "$(nproc)"
fi
