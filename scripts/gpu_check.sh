#!/usr/bin/env bash
# Checks tessera on a machine with an NVIDIA GPU: builds, and runs every operator's samples, with
# gradients and in every dtype, on the GPU and on the processor.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'END'
usage: scripts/gpu_check.sh [--memcheck] [--help]

Builds into build/ with TESSERA_CUDA and compares GPU and processor over the operators' samples.

  --memcheck   also under compute-sanitizer, which finds accesses outside of arrays; takes long
END
}

memcheck=
while [ $# -gt 0 ]; do
  case $1 in
    --memcheck) memcheck=1; shift ;;
    --help) usage; exit ;;
    *) usage >&2; exit 2 ;;
  esac
done

nvidia-smi --query-gpu=name,compute_cap,memory.total,driver_version --format=csv || {
  echo "gpu_check: there is no NVIDIA GPU, or no driver" >&2
  exit 1
}
cmake -B build -G Ninja -DTESSERA_CUDA=ON
cmake --build build --target tessera_tests
checks=(build/tessera_tests --source-file='*tests/core/cuda/*,*tests/core/transfer*' --duration)
"${checks[@]}"
if [ -n "$memcheck" ]; then
  compute-sanitizer --error-exitcode 1 "${checks[@]}" --test-case='*where there is a GPU*'
fi
