#!/usr/bin/env bash
# Checks the format of all C++ and CUDA files; with --fix, formats them.
# Other versions of clang-format break lines differently, so only version 14 counts.
set -euo pipefail
cd "$(dirname "$0")/.."

tool=
for candidate in clang-format-14 clang-format; do
  if "$candidate" --version 2>/dev/null | grep -q 'version 14\.'; then
    tool=$candidate
    break
  fi
done
if [ -z "$tool" ]; then
  echo "skipped: clang-format 14 is not installed (Debian and Ubuntu: clang-format-14)"
  exit 77
fi

mode=(--dry-run -Werror)
[ "${1:-}" = --fix ] && mode=(-i)
folders=()
for folder in core autograd ops nn optim zoo io infer train cli examples tests bench docs; do
  [ -d "$folder" ] && folders+=("$folder")
done
find tessera.h "${folders[@]}" -type f -regex '.*\.\(h\|cpp\|inc\|cu\|cuh\)' -print0 |
  xargs -0 -r -n 16 "$tool" --style=file "${mode[@]}" ||
  { echo "style: run scripts/check_style.sh --fix"; exit 1; }
