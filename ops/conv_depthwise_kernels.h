#pragma once

#include <cstdint>

namespace tessera::detail {

// Loops over `n` elements, n a multiple of `lanes` where nothing else is said; source[t] is what
// tap t sees.
struct DepthwiseKernels {
  int64_t lanes;
  // y[j] = start + sum over t of weight[t] * source[t][j]
  void (*gather)(float start, const float* weight, const float* const* source, int64_t taps,
                 int64_t n, float* y);
  // sums[t * lanes + j % lanes] += source[t][j] * dy[j]
  void (*correlate)(const float* dy, const float* const* source, int64_t taps, int64_t n,
                    float* sums);
  // y[j] = x[2 j], for any n
  void (*every_second)(const float* x, int64_t n, float* y);
};

}  // namespace tessera::detail
