#pragma once

#include "core/tensor.h"

// Layer and rms norm as nodes with kernels of their own, which read x once where a composition
// would read it three times, and store nothing for the gradient.
namespace tessera::detail {

struct RowNormOptions {
  double eps;
  bool centered = true;  // false: the mean counts as 0, and the variance is the mean square
};

// y = (x - mean) / sqrt(var + eps) * weight + bias over the rows of x [R, D], f32 or f64, D > 0;
// weight and bias are [D], of the dtype of x, either may be undefined. Gradients of any order.
Tensor row_norm_node(const Tensor& x, const Tensor& weight, const Tensor& bias,
                     const RowNormOptions& options);

}  // namespace tessera::detail
