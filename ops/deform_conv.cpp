#include "ops/deform_conv.h"

#include <algorithm>

#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/conv_geometry.h"
#include "ops/matmul.h"
#include "ops/sample_points.h"
#include "ops/shape.h"

namespace tessera {

namespace {

using detail::ConvGeometry;

ConvGeometry check(const Tensor& x, const Tensor& weight, const Tensor& bias,
                   const DeformConvOptions& o) {
  detail::check_conv_tensors("deform_conv2d", 2, x, weight, bias,
                             weight.defined() && weight.ndim() > 0 ? weight.shape(0) : 0);
  require(x.ndim() == 4 && x.shape().slice(1, 4).numel() > 0,
          "deform_conv2d: the input must be [N, C, H, W] with C, H and W at least 1, got {}",
          x.shape());
  require(weight.numel() > 0, "deform_conv2d: the weight must not be empty, got {}",
          weight.shape());
  const int64_t groups = std::max<int64_t>(1, x.shape(1) / weight.shape(1));
  return detail::conv_geometry("deform_conv2d", 2, x.shape(), weight.shape(),
                               {o.stride, o.padding, o.dilation, groups});
}

// The number of groups of channels that move apart.
int64_t offset_groups(const ConvGeometry& g, const Tensor& x, const Tensor& offset,
                      const Tensor& mask) {
  require(offset.defined() && offset.dtype() == x.dtype() &&
              (!mask.defined() || mask.dtype() == x.dtype()),
          "deform_conv2d: offset and mask must have the dtype {} of the input", x.dtype());
  const int64_t taps = g.kernel.numel();
  const int64_t groups = offset.ndim() == 4 ? offset.shape(1) / (2 * taps) : 0;
  const Shape fitting{g.batch, groups * taps * 2, g.output[0], g.output[1]};
  require(groups > 0 && g.in_channels % groups == 0 && offset.shape() == fitting,
          "deform_conv2d: offset must be [{}, 2 G {}, {}, {}] with G a divisor of {} channels, got "
          "{}",
          g.batch, taps, g.output[0], g.output[1], g.in_channels, offset.shape());
  const Shape of_mask = fitting.with(1, groups * taps);
  require(!mask.defined() || mask.shape() == of_mask,
          "deform_conv2d: mask must be {} for offset {}, got {}", of_mask, offset.shape(),
          mask.defined() ? mask.shape() : Shape{});
  return groups;
}

// Where the kernel reads without an offset, along one axis: [k, out].
Tensor positions(const ConvGeometry& g, int axis, DType dtype) {
  const Shape taps{g.kernel[axis], 1}, out{1, g.output[axis]};
  const Tensor index = reshape(iota({taps[0]}), taps) * g.dilation[axis] +
                       reshape(iota({out[1]}), out) * g.stride[axis] - g.before[axis];
  return cast(index, dtype);
}

}  // namespace

Tensor deform_conv2d(const Operand& x, const Tensor& offset, const Tensor& weight,
                     const Tensor& bias, const DeformConvOptions& o) {
  const Call call("deform_conv2d", x.where);
  const ConvGeometry g = check(x, weight, bias, o);
  const DType type = compute_type(x.dtype());
  const int64_t N = g.batch, C = g.in_channels, O = g.out_channels;
  const int64_t G = offset_groups(g, x, offset, o.mask);
  const int64_t kH = g.kernel[0], kW = g.kernel[1], H = g.output[0], W = g.output[1];

  // The points to read, [N G, kH, kW, H, W, 2], with x before y in the last axis.
  Tensor points =
      permute(reshape(cast(offset, type), {N * G, kH, kW, 2, H, W}), {0, 1, 2, 4, 5, 3});
  points = slice(points, -1, {.step = -1});
  points = points +
           reshape(positions(g, 1, type), {1, 1, kW, 1, W, 1}) * tensor({1, 0}, {2}, type) +
           reshape(positions(g, 0, type), {1, kH, 1, H, 1, 1}) * tensor({0, 1}, {2}, type);

  const Tensor image = reshape(cast(x, type), {N * G, C / G, x.shape(2), x.shape(3)});
  Tensor columns = sample_points(image, points);
  if (o.mask.defined()) {
    columns = columns * reshape(cast(o.mask, type), {N * G, 1, kH, kW, H, W});
  }
  const int64_t depth = weight.shape(1) * kH * kW;
  const Tensor y = matmul(reshape(cast(weight, type), {g.groups, O / g.groups, depth}),
                          reshape(columns, {N, g.groups, depth, H * W}));
  Tensor result = reshape(y, {N, O, H, W});
  if (bias.defined()) result = result + reshape(cast(bias, type), {O, 1, 1});
  return cast(result, x.dtype());
}

}  // namespace tessera
