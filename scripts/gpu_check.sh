#!/usr/bin/env bash
# Checks tessera on a machine with an NVIDIA GPU and prints one table of what passed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

usage() {
  cat <<'END'
usage: scripts/gpu_check.sh [--memcheck] [--data DIR] [--torch] [--help]

Builds into build/ with TESSERA_CUDA, then: the operators' samples with gradients in every dtype, GPU
against processor; the whole test suite with its tensors on the GPU; a network trained on the GPU and
on the processor with the same seed, whose Dice is compared, and twice on the GPU, whose weights must
be equal, also when steps are not recorded; a step of the U-Net in TF32 and bf16; every kernel beside
what the GPU can do.

  --memcheck   the operators also under compute-sanitizer (accesses outside of arrays); takes long
  --data DIR   what the network is trained on; data/open_brain_mr where left out
  --torch      the steps beside PyTorch on the same GPU
END
}

memcheck='' torch='' data=data/open_brain_mr
while [ $# -gt 0 ]; do
  case $1 in
    --memcheck) memcheck=1; shift ;;
    --data) data=$2; shift 2 ;;
    --torch) torch=1; shift ;;
    --help) usage; exit ;;
    *) usage >&2; exit 2 ;;
  esac
done

nvidia-smi --query-gpu=name,compute_cap,memory.total,driver_version --format=csv || {
  echo "gpu_check: there is no NVIDIA GPU, or no driver" >&2
  exit 1
}
cmake -B build -G Ninja -DTESSERA_CUDA=ON && cmake --build build --target \
  tessera_tests tessera_program step gpu || exit 1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
table='' failed=0
# check NAME COMMAND...: runs it, shows it, and adds a row to the table.
check() {
  local name=$1 began=$SECONDS result=ok
  shift
  echo "== $name"
  "$@" 2>&1 | tee "$work/log" || { result=FAILED; failed=1; }
  table+=$(printf '%-44s %-7s %5d s' "$name" "$result" $((SECONDS - began)))$'\n'
}

train() {
  build/tessera train --data "$data" --out "$work/$1" --device "$2" --model 'unet(width=16)' \
    --size 128 --epochs 5 --batch 8 --seed 1 --quiet
}
# The best Dice of the two runs; at most 0.02 apart.
same_dice() {
  python3 - "$work/cpu/log.csv" "$work/gpu/log.csv" <<'END'
import csv, sys
best = []
for path in sys.argv[1:]:
    with open(path) as file:
        best.append(max(float(row["dice"]) for row in csv.DictReader(file) if row.get("dice")))
print("best Dice: processor %.4f, GPU %.4f" % tuple(best))
sys.exit(abs(best[0] - best[1]) > 0.02)
END
}
# Behind their headers, which also tell how long it took.
same_weights() {
  python3 - "$work/gpu/best.tessera" "$work/$1/best.tessera" <<'END'
import sys
def weights(path):
    with open(path, "rb") as file:
        file.seek(int.from_bytes(file.read(8), "little"), 1)
        return file.read()
sys.exit(weights(sys.argv[1]) != weights(sys.argv[2]))
END
}
# No step waits for the GPU: the lines of `gpu` say so.
never_waits() {
  awk '/^U-Net step/ { steps++; if (!/; 0 waits within/) waits = 1 } END { exit steps != 2 || waits }' \
    "$work/kernels"
}
# Median milliseconds of 20 steps after 5.
timed_step() {
  { for _ in $(seq 25); do echo step; done; } | build/step --device cuda "$@" |
    awk 'NR > 5 { print $1 * 1000 }' | sort -n | awk '{ t[NR] = $1 }
      END { if (NR != 20) exit 1; print "median " t[10] " ms a step" }'
}

tests=build/tessera_tests
check "operators: GPU against processor" "$tests" --source-file='*tests/core/cuda/*'
if [ -n "$memcheck" ]; then
  check "operators under compute-sanitizer" compute-sanitizer --error-exitcode 1 "$tests" \
    --source-file='*tests/core/cuda/registry*' --test-case='*where there is a GPU*'
fi
check "the test suite on the GPU" env TESSERA_TEST_DEVICE=cuda "$tests"
check "training on the processor" train cpu cpu
check "training on the GPU" train gpu cuda
check "the same Dice" same_dice
check "training on the GPU again" train again cuda
check "the same seed gives the same weights" same_weights again
export TESSERA_CUDA_GRAPHS=0
check "training without recorded steps" train plain cuda
unset TESSERA_CUDA_GRAPHS
check "the same weights without recorded steps" same_weights plain
unet=(train 'unet(bilinear=false,width=64)' 3 2 4 256)
check "U-Net 64-1024, 256 x 256 x 4, TF32" timed_step "${unet[@]}"
tf32=$(tail -1 "$work/log")
check "U-Net 64-1024, 256 x 256 x 4, bf16" timed_step --amp "${unet[@]}"
bf16=$(tail -1 "$work/log")
check "kernels beside what the GPU can do" build/gpu
cp "$work/log" "$work/kernels"
check "a step waits for nothing" never_waits
if [ -n "$torch" ]; then
  compare=(python3 bench/compare_torch.py build/step --device cuda --work 'train unet(64) 256')
  check "beside PyTorch, TF32" "${compare[@]}" --setting default --setting last
  check "beside PyTorch, bf16" "${compare[@]}" --amp --setting bf16
fi

echo
echo "$table"
grep -E '^(cuda|U-Net step)' "$work/kernels"
echo "TF32: $tf32 (wanted: 8 ms); bf16: $bf16 (wanted: 4 ms)"
exit $failed
