#pragma once

#include "core/tensor.h"

// Batch norm with the statistics of x itself as nodes with kernels of their own: a composition
// would read x seven times in a training step, and store x normalised and the mask of a relu.
namespace tessera::detail {

// Mean and biased variance [2, C] of each channel of x [N, C, ...], f32 or f64, with at least one
// element. No gradient flows through them: batch_norm_node's is with respect to all that x does.
Tensor channel_moments(const Tensor& x);

// y = (x - mean) / sqrt(var + eps) * weight + bias for x [N, C, ...] and its own moments; weight
// and bias are [C], of the dtype of x, either may be undefined. Gradients of any order.
Tensor batch_norm_node(const Tensor& x, const Tensor& moments, const Tensor& weight,
                       const Tensor& bias, double eps);

// relu(y) where y was made by batch_norm_node, as one node that replaces both; undefined for
// every other y.
Tensor batch_norm_with_relu(const Tensor& y);

}  // namespace tessera::detail
