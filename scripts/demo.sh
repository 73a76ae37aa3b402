#!/usr/bin/env bash
# Trains a U-Net to find the brain in one person's head MR, then finds it in another person's.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'USAGE'
usage: scripts/demo.sh [--seed N] [--out DIR] [--help]

On Debian and Ubuntu it installs what is missing, builds the program, trains on the 78 slices of one
person in data/open_brain_mr, tests on the 59 slices of another person and scanner, and writes a
report with pictures, curves and numbers. It takes some minutes on two cores.

  --seed N    of weights, order and augmentation (0)
  --out DIR   where the run is kept (runs/demo-seed-N); a finished one is replaced
USAGE
}

seed=0 out=
while [ $# -gt 0 ]; do
  case $1 in
    --seed) seed=${2:?--seed needs a number}; shift 2 ;;
    --out) out=${2:?--out needs a folder}; shift 2 ;;
    --help) usage; exit ;;
    *) usage >&2; exit 2 ;;
  esac
done
out=${out:-runs/demo-seed-$seed}

. scripts/packages.sh
install_missing build </dev/null
cmake -B build -G Ninja -DCMAKE_UNITY_BUILD=ON
cmake --build build --target tessera_program

rm -rf "$out"
# A small network and much augmentation: 78 slices of one head are all there is to learn from.
build/tessera train --data data/open_brain_mr --out "$out" --seed "$seed" \
  --model 'unet(width=16)' --epochs 32 --lr 0.003 --ema 0.97 --val-every 4 --augment \
  'standard,translate(0.1),scale(0.7,1.4),rotate(30),brightness(0.6,1.4),contrast(0.6,1.4),gamma(0.5,2)'
build/tessera test "$out"
echo "Pictures, curves and the numbers of each slice: $out/report.html, $out/test/report.html"
