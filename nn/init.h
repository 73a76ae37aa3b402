#pragma once

#include <cstdint>

#include "core/settings.h"
#include "core/tensor.h"

namespace tessera::nn {

// While alive, layers of this thread make their parameters and buffers in `dtype` instead of f32:
// `ParameterDType scope(f64);` around a constructor gives a network for gradient checks. Throws
// Error unless dtype is floating.
class ParameterDType : Scoped<DType> {
 public:
  explicit ParameterDType(DType dtype);
};
DType parameter_dtype();

}  // namespace tessera::nn

// First values of parameters, with the distributions of the functions of these names in
// torch.nn.init; all of parameter_dtype(). To give a layer others than its own:
//
//   conv.weight.update(nn::init::kaiming_normal(conv.weight.shape()));
//
// They throw Error when the shape or a number does not fit.
namespace tessera::nn::init {

Tensor constant(const Shape& shape, double value);
Tensor uniform(const Shape& shape, double low = 0, double high = 1);
Tensor normal(const Shape& shape, double mean = 0, double stddev = 1);

// The normal distribution, of what lies in [low, high]: numbers, not multiples of stddev.
struct TruncNormalOptions {
  double mean = 0, stddev = 1, low = -2, high = 2;
};
Tensor trunc_normal(const Shape& shape, const TruncNormalOptions& options = {});

// How many inputs an output of a layer with this weight is made of, and how many outputs an input
// goes into, as torch counts them: [out, in, k...] has in * k... and out * k..., also where the
// weight is that of a transposed convolution, whose first axis is in. At least two axes.
struct Fans {
  int64_t in = 0, out = 0;
};
Fans fans(const Shape& weight);

// Variance 2 gain^2 / (fan_in + fan_out). Glorot & Bengio 2010.
Tensor xavier_uniform(const Shape& weight, double gain = 1);
Tensor xavier_normal(const Shape& weight, double gain = 1);

// Variance gain^2 / fan with gain^2 = 2 / (1 + a^2), where a is the slope for negative inputs of
// the leaky_relu behind the layer: 0 for relu. He et al. 2015, arXiv:1502.01852.
enum class Fan : uint8_t { in, out };
struct KaimingOptions {
  double a = 0;
  Fan mode = Fan::in;
};
Tensor kaiming_uniform(const Shape& weight, const KaimingOptions& options = {});
Tensor kaiming_normal(const Shape& weight, const KaimingOptions& options = {});

// Uniform in +-1 / sqrt(fan_in): the weights and biases of convolutions and linear layers in torch
// and in Jittor.
Tensor fan_in_uniform(const Shape& shape, int64_t fan_in);

// A matrix [rows, columns] with orthonormal rows or columns, whichever are fewer, times gain; more
// axes count as columns. Computed at once. Saxe et al. 2013, arXiv:1312.6120.
Tensor orthogonal(const Shape& weight, double gain = 1);

// The convolution [out, in / groups, k...] that returns its input: 1 in the middle of the kernel
// that leads from a channel to the one of the same number, within each group. Channels that have no
// partner give 0.
Tensor dirac(const Shape& weight, int64_t groups = 1);

// The transposed convolution [in, out / groups, k...] of stride (k + 1) / 2 that enlarges by linear
// interpolation, channel by channel. Long et al. 2015, arXiv:1411.4038.
Tensor bilinear(const Shape& weight, int64_t groups = 1);

}  // namespace tessera::nn::init
