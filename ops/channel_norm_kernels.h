#pragma once

#include <cstdint>

#include "ops/channel_norm_functions.h"

namespace tessera::detail {

// Loops over n consecutive elements of a channel. The gradient of v is g = dy, or 0 where relu
// hides v, which is computed again: nothing is stored for it.
template <class T>
struct ChannelNormKernels {
  // The mean of x and the sum of squared distances from it.
  void (*moments)(const T* x, int64_t n, double* mean, double* squares);
  void (*forward)(const ChannelNorm<T>& norm, const T* x, int64_t n, T* y);
  // Sums of g and of g (x - mean) rstd.
  void (*sums)(const ChannelNorm<T>& norm, const T* x, const T* dy, int64_t n, double* g_sum,
               double* gx_sum);
  // dx = scale g - (offset + (x - mean) slope)
  void (*backward)(const ChannelNorm<T>& norm, T offset, T slope, const T* x, const T* dy,
                   int64_t n, T* dx);
};

}  // namespace tessera::detail
