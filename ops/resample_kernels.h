#pragma once

#include <cstdint>

namespace tessera::detail {

// The weights of a SparseRows (ops/sparse_rows.h): row i sums taps begin[i] <= t < begin[i + 1].
struct Taps {
  int64_t rows;
  const int64_t *begin, *index;
  const float* weight;
};

// Resampling along an axis of [outer, axis, inner]; where a row has no taps it is `fill`.
struct ResampleKernels {
  int64_t lanes;
  // inner > 1: y[k] = sum of weight[t] * x[index[t] * inner + k] over the taps of one row.
  void (*row)(const Taps& taps, int64_t row, const float* x, int64_t inner, float fill, float* y);
  // inner = 1: the same for all rows of at most `lanes` lines, x [lines, n] and y [lines, rows].
  // `memory` has room for n * lanes elements.
  void (*lines)(const Taps& taps, const float* x, int64_t n, int64_t lines, float fill,
                float* memory, float* y);
};

}  // namespace tessera::detail
