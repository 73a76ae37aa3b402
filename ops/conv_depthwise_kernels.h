#pragma once

#include <cstdint>

namespace tessera::detail {

// Loops over rows of `n` elements, n a multiple of `lanes`; source[t] is the row that tap t sees.
struct DepthwiseKernels {
  int64_t lanes;
  // y[j] = start + sum over t of weight[t] * source[t][j]
  void (*gather)(float start, const float* weight, const float* const* source, int64_t taps,
                 int64_t n, float* y);
  // sums[t * lanes + j % lanes] += source[t][j] * dy[j]
  void (*correlate)(const float* dy, const float* const* source, int64_t taps, int64_t n,
                    float* sums);
};

}  // namespace tessera::detail
