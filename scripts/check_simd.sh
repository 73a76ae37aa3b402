#!/usr/bin/env bash
# Checks that files compiled for avx2 and avx512 define no function that is shared with others: the
# linker keeps one copy of an inline function for the whole program, and if that is the AVX-512
# one, the program dies on a processor without it.
#
# usage: check_simd.sh LIBRARY
set -euo pipefail

if ! command -v nm >/dev/null; then
  echo "skipped: nm is not installed (Debian and Ubuntu: binutils)"
  exit 77
fi
# `nm -A` prints "library:file.isa.cpp.o:address W name"; W marks a copy that others may share.
shared=$(nm -A -C --defined-only "$1" |
  sed -nE 's/^[^:]*:([^:]*)\.(avx2|avx512)\.cpp\.o:[0-9a-f]+ W (.*)/\1.simd.inc (\2): \3/p' |
  grep -vE '^[^ ]+ \((avx2|avx512)\): .*::\1::' || true)
if [ -n "$shared" ]; then
  echo "$shared"
  echo "simd: put the function into namespace TESSERA_ISA, or mark it always_inline"
  exit 1
fi
