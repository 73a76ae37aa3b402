#include "ops/norm.h"

#include <algorithm>

#include "core/amp.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/channel_norm.h"
#include "ops/reduce.h"
#include "ops/row_norm.h"
#include "ops/shape.h"
#include "ops/unary.h"
#include "ops/window.h"

namespace tessera {

namespace {

void check_input(const char* op, const Tensor& x, int min_ndim, double eps) {
  require(x.defined(), "{}: x is an undefined tensor", op);
  require(is_floating(x.dtype()), "{}: x must be floating, got {} {}; cast it", op, x.dtype(),
          x.shape());
  require(x.ndim() >= min_ndim, "{}: x must be [N, C, ...], got {}", op, x.shape());
  require(eps >= 0, "{}: eps must not be negative, got {}", op, eps);
}

// A parameter of extents `shape`, seen as `view` so that it broadcasts against x.
Tensor parameter(const char* op, const char* name, const Tensor& p, const Shape& shape,
                 const Shape& view, const Tensor& x) {
  if (!p.defined()) return {};
  require(p.shape() == shape && is_floating(p.dtype()),
          "{}: {} must be floating {} for x {}, got {} {}", op, name, shape, x.shape(), p.dtype(),
          p.shape());
  return cast(reshape(p, view), compute_type(x.dtype()));
}

Tensor affine(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const Tensor scaled = weight.defined() ? x * weight : x;
  return bias.defined() ? scaled + bias : scaled;
}

Tensor standardized(const Tensor& x, const VarMean& moments, double eps) {
  return (x - moments.mean) * rsqrt(moments.var + eps);
}

int64_t elements_behind(const Tensor& x, int axis) {
  return x.shape().slice(axis, x.ndim()).numel();
}

// x [N, C, ...] as [N, C, L].
Tensor flat_channels(const Tensor& x) {
  return cast(reshape(x, {x.shape(0), x.shape(1), elements_behind(x, 2)}), compute_type(x.dtype()));
}

// (1 - momentum) old + momentum current, without history and in the dtype of old.
Tensor running(const Tensor& old, const Tensor& current, double momentum) {
  if (!old.defined()) return {};
  const Tensor next = old * (1 - momentum) + reshape(current, old.shape()) * momentum;
  return detached(cast(next, old.dtype()));
}

void check_rows(const char* op, const Tensor& x, const Shape& normalized_shape) {
  const int first = x.ndim() - normalized_shape.ndim();
  require(!normalized_shape.empty() && first >= 0 &&
              x.shape().slice(std::max(0, first), x.ndim()) == normalized_shape,
          "{}: the last axes of x must have the extents {} of normalized_shape, got {}", op,
          normalized_shape, x.shape());
}

Tensor grouped(const char* op, const Tensor& x, int64_t groups, const Tensor& weight,
               const Tensor& bias, double eps) {
  const Shape channels = {x.shape(1)};
  const Tensor w = parameter(op, "weight", weight, channels, channels, x);
  const Tensor b = parameter(op, "bias", bias, channels, channels, x);
  if (x.numel() == 0) {
    const Shape view = Shape::filled(x.ndim() - 1, 1).with(0, x.shape(1));
    const Tensor input = cast(x, compute_type(x.dtype()));
    return cast(
        affine(input, w.defined() ? reshape(w, view) : w, b.defined() ? reshape(b, view) : b),
        x.dtype());
  }
  const detail::NormGroups of{groups};
  return detail::channel_norm_node(x, detail::channel_moments(x, of), w, b, eps, of);
}

// Over the last axes of x, which have the extents of `own`.
Tensor over_rows(const Tensor& x, const Shape& own, const Tensor& weight, const Tensor& bias,
                 const detail::RowNormOptions& o) {
  constexpr int64_t kLongest = 1 << 14;  // elements that stay in a cache while they are read again
  const int64_t n = own.numel();
  const Tensor input = cast(x, compute_type(x.dtype()));
  if (x.numel() == 0) return cast(affine(input, weight, bias), x.dtype());
  const int64_t rows = x.numel() / n;
  if (n > kLongest && o.centered) {
    const Tensor row = reshape(input, {rows, 1, n});
    const detail::NormGroups of{1};
    const Tensor y =
        detail::channel_norm_node(row, detail::channel_moments(row, of), {}, {}, o.eps, of);
    return cast(affine(reshape(y, x.shape()), weight, bias), x.dtype());
  }
  const auto flat = [&](const Tensor& p) { return p.defined() ? reshape(p, {n}) : p; };
  const Tensor y = detail::row_norm_node(reshape(input, {rows, n}), flat(weight), flat(bias), o);
  return cast(reshape(y, x.shape()), x.dtype());
}

double epsilon_of(DType dtype) {
  switch (dtype) {
    case f64:
      return 0x1p-52;
    case f16:
      return 0x1p-10;
    case bf16:
      return 0x1p-7;
    default:
      return 0x1p-23;
  }
}

}  // namespace

Tensor batch_norm(const Operand& x, const Tensor& running_mean, const Tensor& running_var,
                  const Tensor& weight, const Tensor& bias, const NormOptions& o) {
  const Call call("batch_norm", x.where);
  check_input("batch_norm", x, 2, o.eps);
  require(running_mean.defined() && running_var.defined(),
          "batch_norm: running_mean and running_var must be defined; batch_norm_train takes the "
          "statistics of x");
  const Shape channels = {x.shape(1)}, view = Shape::filled(x.ndim() - 1, 1).with(0, x.shape(1));
  const Tensor mean = parameter("batch_norm", "running_mean", running_mean, channels, view, x);
  const Tensor var = parameter("batch_norm", "running_var", running_var, channels, view, x);
  const Tensor w = parameter("batch_norm", "weight", weight, channels, view, x);
  const Tensor b = parameter("batch_norm", "bias", bias, channels, view, x);
  const Tensor input = cast(x, compute_type(x.dtype()));
  return cast(affine(standardized(input, {var, mean}, o.eps), w, b), x.dtype());
}

BatchNormResult batch_norm_train(const Operand& x, const Tensor& running_mean,
                                 const Tensor& running_var, const Tensor& weight,
                                 const Tensor& bias, const BatchNormOptions& o) {
  constexpr const char* op = "batch_norm_train";
  const Call call(op, x.where);
  check_input(op, x, 2, o.eps);
  const int64_t count = x.shape(0) * elements_behind(x, 2);
  require(
      count > 1,
      "{}: each channel must have at least two elements, got x {}; a larger batch or picture has "
      "them, and eval() needs none",
      op, x.shape());
  const Shape channels = {x.shape(1)};
  parameter(op, "running_mean", running_mean, channels, channels, x);
  parameter(op, "running_var", running_var, channels, channels, x);
  const Tensor w = parameter(op, "weight", weight, channels, channels, x);
  const Tensor b = parameter(op, "bias", bias, channels, channels, x);

  const Tensor moments = detail::channel_moments(x);
  const Tensor y = detail::channel_norm_node(x, moments, w, b, o.eps);
  const double n = static_cast<double>(count), correction = o.unbiased ? n / (n - 1) : 1;
  return {y, running(running_mean, slice(moments, 0, {.stop = 1}), o.momentum),
          running(running_var, slice(moments, 0, {.start = 1}) * correction, o.momentum)};
}

Tensor instance_norm(const Operand& x, const Tensor& weight, const Tensor& bias,
                     const NormOptions& o) {
  const Call call("instance_norm", x.where);
  check_input("instance_norm", x, 2, o.eps);
  require(x.shape(0) == 0 || elements_behind(x, 2) > 1,
          "instance_norm: the spatial axes must hold at least two elements, got x {}", x.shape());
  return grouped("instance_norm", x, std::max<int64_t>(1, x.shape(1)), weight, bias, o.eps);
}

Tensor group_norm(const Operand& x, int64_t groups, const Tensor& weight, const Tensor& bias,
                  const NormOptions& o) {
  const Call call("group_norm", x.where);
  check_input("group_norm", x, 2, o.eps);
  require(groups > 0 && x.shape(1) % groups == 0,
          "group_norm: groups must divide the {} channels of x {}, got {}", x.shape(1), x.shape(),
          groups);
  return grouped("group_norm", x, groups, weight, bias, o.eps);
}

Tensor layer_norm(const Operand& x, const Shape& normalized_shape, const Tensor& weight,
                  const Tensor& bias, const NormOptions& o) {
  const Call call("layer_norm", x.where);
  check_input("layer_norm", x, 1, o.eps);
  check_rows("layer_norm", x, normalized_shape);
  const Shape& own = normalized_shape;
  const Tensor w = parameter("layer_norm", "weight", weight, own, own, x);
  const Tensor b = parameter("layer_norm", "bias", bias, own, own, x);
  return over_rows(x, own, w, b, {.eps = o.eps});
}

Tensor rms_norm(const Operand& x, const Shape& normalized_shape, const Tensor& weight,
                const RmsNormOptions& o) {
  const Call call("rms_norm", x.where);
  check_input("rms_norm", x, 1, o.eps.value_or(0));
  check_rows("rms_norm", x, normalized_shape);
  const Tensor w = parameter("rms_norm", "weight", weight, normalized_shape, normalized_shape, x);
  const double eps = o.eps.value_or(epsilon_of(x.dtype()));
  return over_rows(x, normalized_shape, w, {}, {.eps = eps, .centered = false});
}

Tensor local_response_norm(const Operand& x, int64_t size, const LocalResponseNormOptions& o) {
  constexpr const char* op = "local_response_norm";
  const Call call(op, x.where);
  check_input(op, x, 3, 0);
  require(size > 0 && size < int64_t{1} << 31, "{}: size must be positive, got {}", op, size);
  const Tensor input = flat_channels(x);
  const int64_t C = input.shape(1), L = input.shape(2);
  detail::Window window;
  window.ndim = 2;
  window.axis[1] = {.extent = C, .outputs = C, .kernel = size, .before = size / 2};
  window.axis[2] = {.extent = L, .outputs = L};
  const Tensor square = detail::average_windows(input * input, window, {.number = size});
  const Tensor y = input * pow(o.k + o.alpha * square, -o.beta);
  return cast(reshape(y, x.shape()), x.dtype());
}

Tensor normalize(const Operand& given, const NormalizeOptions& o) {
  const Call call("normalize", given.where);
  const Tensor x = detail::amp_full(given);
  check_input("normalize", x, 0, o.eps);
  require(!o.axes.empty(), "normalize: at least one axis must be given for x {}", x.shape());
  const Tensor input = cast(x, compute_type(x.dtype()));
  return cast(input / clamp(norm(input, o.p, o.axes, true), o.eps), x.dtype());
}

}  // namespace tessera
