#pragma once

#include <cstdint>

namespace tessera::detail {

// One row of n elements: y = (x - mean) rstd weight + bias with rstd = 1 / sqrt(var + eps), where
// weight and bias have n elements or are null. Unless `centered` the mean is 0, and the variance
// the mean square.
template <class T>
struct RowNorm {
  const T *weight, *bias;
  double eps;
  bool centered;
};

// Loops over a row, which is best short enough for the first-level cache: each reads it several
// times. The statistics are computed again: nothing is stored for the gradients.
template <class T>
struct RowNormKernels {
  void (*forward)(const RowNorm<T>& norm, const T* x, int64_t n, T* y);
  void (*backward)(const RowNorm<T>& norm, const T* x, const T* dy, int64_t n, T* dx);
  // Adds dy (x - mean) rstd to weight and dy to bias.
  void (*sums)(const RowNorm<T>& norm, const T* x, const T* dy, int64_t n, T* weight, T* bias);
};

}  // namespace tessera::detail
