#pragma once

#include "core/tensor.h"

// Batch, instance and group norm with the statistics of x itself as nodes with kernels of their
// own: a composition would read x seven times in a training step, and store x normalised and the
// mask of a relu.
namespace tessera::detail {

// Which elements of x [N, C, ...] share their statistics: those of a channel of all images, or
// those of each of some equal groups of channels of each image. A row is one such set.
struct NormGroups {
  int64_t number = 0;  // of groups of an image; 0: channels of the whole batch
  int64_t rows(const Shape& x) const { return number == 0 ? x[1] : x[0] * number; }
};

// Mean and biased variance [2, rows] of each row of x [N, C, ...] with at least one element; f32,
// or f64 for x in f64. No gradient flows through them: channel_norm_node's is with respect to all
// that x does.
Tensor channel_moments(const Tensor& x, NormGroups groups = {});

// y = (x - mean) / sqrt(var + eps) * weight + bias for x [N, C, ...] and its own moments; weight
// and bias are [C], of the dtype of the moments, either may be undefined. Gradients of any order.
Tensor channel_norm_node(const Tensor& x, const Tensor& moments, const Tensor& weight,
                         const Tensor& bias, double eps, NormGroups groups = {});

// relu(y) where y was made by channel_norm_node, as one node that replaces both; undefined for
// every other y.
Tensor channel_norm_with_relu(const Tensor& y);

}  // namespace tessera::detail
