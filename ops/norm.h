#pragma once

#include <optional>

#include "core/tensor.h"

namespace tessera {

// Normalisations: x is brought to mean 0 and variance 1 over some of its axes, then scaled by
// `weight` and shifted by `bias`, either of which may be undefined for none.
//
//   y = (x - mean) / sqrt(var + eps) * weight + bias
//
// x is floating; everything is computed in its dtype, halves in f32. Variances are biased and taken
// in two passes, so that a large mean costs no accuracy. Every function throws Error when a rank, a
// shape or a dtype does not fit. Gradients of any order.
struct NormOptions {
  double eps = 1e-5;
};

// Over each channel of x [N, C, ...] with given statistics; all of [C]. As in inference; same as
// torch.nn.functional.batch_norm with training=False.
Tensor batch_norm(const Operand& x, const Tensor& running_mean, const Tensor& running_var,
                  const Tensor& weight = {}, const Tensor& bias = {},
                  const NormOptions& options = {});

// Over each channel of x [N, C, ...] with the statistics of x itself, and the running statistics
// that follow from them:
//
//   running_mean = (1 - momentum) running_mean + momentum mean
//
// and the same for running_var, whose new part is unbiased as in PyTorch, or biased as in Jittor
// and ONNX. They have no gradient; undefined ones stay undefined. Values never change, so the
// caller keeps the new ones. Same as torch.nn.functional.batch_norm with training=True, which also
// wants at least two elements in each channel.
struct BatchNormOptions {
  double momentum = 0.1;
  double eps = 1e-5;
  bool unbiased = true;
};
struct BatchNormResult {
  Tensor output, running_mean, running_var;
};
BatchNormResult batch_norm_train(const Operand& x, const Tensor& running_mean,
                                 const Tensor& running_var, const Tensor& weight = {},
                                 const Tensor& bias = {}, const BatchNormOptions& options = {});

// Over the spatial axes of each image and channel of x [N, C, ...], at least two elements; weight
// and bias [C]. Same as torch.nn.functional.instance_norm without running statistics.
Tensor instance_norm(const Operand& x, const Tensor& weight = {}, const Tensor& bias = {},
                     const NormOptions& options = {});

// Over each of `groups` equal groups of channels, with their spatial axes, of each image of x
// [N, C, ...]; weight and bias [C]. Same as torch.nn.functional.group_norm.
Tensor group_norm(const Operand& x, int64_t groups, const Tensor& weight = {},
                  const Tensor& bias = {}, const NormOptions& options = {});

// Over the last axes of x, which must have the extents normalized_shape, as must weight and bias.
// Same as torch.nn.functional.layer_norm.
Tensor layer_norm(const Operand& x, const Shape& normalized_shape, const Tensor& weight = {},
                  const Tensor& bias = {}, const NormOptions& options = {});

// x / sqrt(mean(x^2) + eps) * weight over the last axes of x; eps is the machine epsilon of the
// dtype of x where left out. Same as torch.nn.functional.rms_norm.
struct RmsNormOptions {
  std::optional<double> eps = std::nullopt;
};
Tensor rms_norm(const Operand& x, const Shape& normalized_shape, const Tensor& weight = {},
                const RmsNormOptions& options = {});

// y[n, c, ...] = x[n, c, ...] / (k + alpha / size sum_i x[n, i, ...]^2)^beta over the `size`
// channels c - size / 2 <= i <= c + (size - 1) / 2 of x [N, C, ...] (integer division), with at
// least one spatial axis. Krizhevsky, Sutskever & Hinton 2012. Same as
// torch.nn.functional.local_response_norm; ONNX LRN has the odd channel of an even size behind c.
struct LocalResponseNormOptions {
  double alpha = 1e-4, beta = 0.75, k = 1;
};
Tensor local_response_norm(const Operand& x, int64_t size,
                           const LocalResponseNormOptions& options = {});

// x / max(norm(x), eps), with the p-norm over `axes`. Same as torch.nn.functional.normalize.
struct NormalizeOptions {
  double p = 2;
  Shape axes = {1};
  double eps = 1e-12;
};
Tensor normalize(const Operand& x, const NormalizeOptions& options = {});

}  // namespace tessera
