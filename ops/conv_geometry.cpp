#include "ops/conv_geometry.h"

#include <string_view>

#include "core/error.h"
#include "core/op.h"

namespace tessera {

Padding::Ends Padding::resolve(const char* op, const Shape& kernel, const Shape& stride,
                               const Shape& dilation) const {
  const int axes = kernel.ndim();
  if (mode_ == nullptr) {
    return {before_.resolve(axes, 0, op, "padding"), after_.resolve(axes, 0, op, "padding")};
  }
  const std::string_view mode = mode_;
  require(mode == "same" || mode == "valid",
          "{}: padding must be numbers, \"same\" or \"valid\", got \"{}\"", op, mode);
  Ends ends{Shape::filled(axes, 0), Shape::filled(axes, 0)};
  if (mode == "valid") return ends;
  for (int i = 0; i < axes; ++i) {
    require(stride[i] == 1, "{}: padding \"same\" needs stride 1, got {}", op, stride);
    const int64_t total = dilation[i] * (kernel[i] - 1);
    ends.before[i] = total / 2;
    ends.after[i] = total - total / 2;
  }
  return ends;
}

namespace detail {

namespace {

Shape with_spatial(int64_t first, int64_t second, const Shape& extents) {
  Shape shape = {first, second};
  for (const int64_t extent : extents) shape.push_back(extent);
  return shape;
}

// What a convolution and a transposed one read from the weight and the options in the same way.
struct WeightWindow {
  ConvGeometry geometry;
  Shape after;  // padding behind the axes
};

template <class Options>
WeightWindow resolved(const char* op, int axes, const Shape& x, const Shape& weight,
                      const Options& options) {
  ConvGeometry g;
  g.batch = x[0];
  g.groups = options.groups;
  g.kernel = PerAxis(weight.slice(2, weight.ndim())).resolve(axes, 1, op, "kernel extents");
  g.stride = options.stride.resolve(axes, 1, op, "stride");
  g.dilation = options.dilation.resolve(axes, 1, op, "dilation");
  const Padding::Ends padding = options.padding.resolve(op, g.kernel, g.stride, g.dilation);
  g.before = padding.before;
  require(g.groups >= 1, "{}: groups must be at least 1, got {}", op, g.groups);
  return {g, padding.after};
}

}  // namespace

Shape ConvGeometry::x_shape() const {
  return with_spatial(batch, in_channels, input);
}
Shape ConvGeometry::w_shape() const {
  return with_spatial(out_channels, in_channels / groups, kernel);
}
Shape ConvGeometry::y_shape() const {
  return with_spatial(batch, out_channels, output);
}

double ConvGeometry::flops() const {
  const int64_t products = in_channels / groups * kernel.numel();  // per result
  return 2.0 * static_cast<double>(y_shape().numel()) * static_cast<double>(products);
}

void ConvGeometry::key(std::string& out) const {
  append_key(out, batch, in_channels, out_channels, groups);
  for (const Shape& shape : {input, kernel, output, stride, before, dilation})
    append_key(out, shape);
}

void check_conv_tensors(const char* op, int axes, const Tensor& x, const Tensor& weight,
                        const Tensor& bias, int64_t bias_extent) {
  require(x.defined() && weight.defined(), "{}: the {} is an undefined tensor", op,
          x.defined() ? "weight" : "input");
  require(x.ndim() == axes + 2 || x.ndim() == axes + 1,
          "{}: the input must have {} dimensions, or {} without a batch, got {}", op, axes + 2,
          axes + 1, x.shape());
  require(weight.ndim() == axes + 2, "{}: the weight must have {} dimensions, got {}", op, axes + 2,
          weight.shape());
  require(
      is_floating(x.dtype()) && x.dtype() == weight.dtype(),
      "{}: input and weight must be of the same floating dtype, got {} and {}; cast one of them",
      op, x.dtype(), weight.dtype());
  if (!bias.defined()) return;
  require(bias.shape() == Shape{bias_extent} && bias.dtype() == x.dtype(),
          "{}: the bias must be {} [{}], got {} {}", op, x.dtype(), bias_extent, bias.dtype(),
          bias.shape());
}

ConvGeometry conv_geometry(const char* op, int axes, const Shape& x, const Shape& weight,
                           const ConvOptions& options) {
  auto [g, after] = resolved(op, axes, x, weight, options);
  g.in_channels = x[1];
  g.out_channels = weight[0];
  g.input = x.slice(2, x.ndim());
  // Not groups * weight[1], which may overflow where the weight has no elements.
  require(g.in_channels % g.groups == 0 && g.in_channels / g.groups == weight[1],
          "{}: input {} has {} channels, but weight {} with groups = {} needs {}", op, x,
          g.in_channels, weight, g.groups,
          static_cast<double>(g.groups) * static_cast<double>(weight[1]));
  require(g.out_channels % g.groups == 0,
          "{}: groups = {} must divide the {} output channels of weight {}", op, g.groups,
          g.out_channels, weight);
  for (int i = 0; i < axes; ++i) {
    const int64_t padded = g.input[i] + g.before[i] + after[i];
    const int64_t span = g.dilation[i] * (g.kernel[i] - 1) + 1;
    require(span <= padded,
            "{}: the kernel spans {} elements of spatial axis {}, but the padded input has {}, for "
            "input {}, weight {}, padding {} and {}, dilation {}",
            op, span, i, padded, x, weight, g.before, after, g.dilation);
    g.output.push_back((padded - span) / g.stride[i] + 1);
  }
  return g;
}

ConvGeometry conv_transpose_geometry(const char* op, int axes, const Shape& x, const Shape& weight,
                                     const ConvTransposeOptions& options) {
  auto [g, after] = resolved(op, axes, x, weight, options);
  const Shape extra = options.output_padding.resolve(axes, 0, op, "output_padding");
  g.out_channels = x[1];
  g.output = x.slice(2, x.ndim());
  require(g.out_channels == weight[0] && g.out_channels % g.groups == 0,
          "{}: input {} has {} channels, but weight {} needs {}, a multiple of groups = {}", op, x,
          g.out_channels, weight, weight[0], g.groups);
  require(weight[1] < (int64_t{1} << 31) && g.groups < (int64_t{1} << 31),
          "{}: too many channels, weight {} with groups = {}", op, weight, g.groups);
  g.in_channels = weight[1] * g.groups;
  for (int i = 0; i < axes; ++i) {
    require(extra[i] < g.stride[i] || extra[i] < g.dilation[i],
            "{}: output_padding must be smaller than stride or dilation, got {} with stride {} and "
            "dilation {}",
            op, extra, g.stride, g.dilation);
    require(g.output[i] < (int64_t{1} << 31), "{}: extents must be less than 2^31, got {}", op, x);
    const int64_t extent = (g.output[i] - 1) * g.stride[i] - g.before[i] - after[i] +
                           g.dilation[i] * (g.kernel[i] - 1) + extra[i] + 1;
    require(extent > 0,
            "{}: spatial axis {} of the result would have {} elements, for input {}, weight {}, "
            "stride {}, padding {} and {}",
            op, i, extent, x, weight, g.stride, g.before, after);
    g.input.push_back(extent);
  }
  return g;
}

}  // namespace detail

}  // namespace tessera
