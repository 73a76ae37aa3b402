#include "ops/adaptive_pool.h"

#include "core/error.h"
#include "core/op.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/window.h"

namespace tessera {

namespace {

detail::Window adaptive_window(const char* op, int ndim, const Tensor& x,
                               const PerAxis& output_size) {
  detail::check_pooled(op, ndim, x);
  const Shape outputs = output_size.resolve(ndim, -1, op, "output_size");
  detail::Window window;
  window.ndim = ndim;
  for (int i = 0; i < ndim; ++i) {
    detail::WindowAxis& axis = window.axis[static_cast<size_t>(3 - ndim + i)];
    axis.extent = x.shape(i - ndim);
    axis.outputs = outputs[i] == -1 ? axis.extent : outputs[i];
    axis.adaptive = true;
  }
  return window;
}

Shape spatial_axes(const char* op, const Tensor& x) {
  require(x.defined(), "{}: x is an undefined tensor", op);
  require(x.ndim() >= 3, "{}: x must be [N, C, ...] with spatial axes, got {}", op, x.shape());
  Shape axes;
  for (int axis = 2; axis < x.ndim(); ++axis) {
    require(x.shape(axis) > 0, "{}: the spatial axes of x must not be empty, got {}", op,
            x.shape());
    axes.push_back(axis);
  }
  return axes;
}

Tensor average(const char* op, int ndim, const Operand& x, const PerAxis& output_size) {
  const Call call(op, x.where);
  const detail::Window window = adaptive_window(op, ndim, x, output_size);
  require(is_floating(x.dtype()), "{}: x must be floating, got {} {}; cast it", op, x.dtype(),
          x.shape());
  return detail::average_windows(x, window, {});
}

MaxPoolResult maximum(const char* op, int ndim, const Operand& x, const PerAxis& output_size,
                      bool indices = false) {
  const Call call(op, x.where);
  const detail::Window window = adaptive_window(op, ndim, x, output_size);
  require(x.dtype() != bool_, "{}: x must hold numbers, got bool {}; cast it to u8", op, x.shape());
  return {detail::max_windows(x, window), indices ? detail::argmax_windows(x, window) : Tensor()};
}

}  // namespace

Tensor adaptive_avg_pool1d(const Operand& x, const PerAxis& output_size) {
  return average("adaptive_avg_pool1d", 1, x, output_size);
}
Tensor adaptive_avg_pool2d(const Operand& x, const PerAxis& output_size) {
  return average("adaptive_avg_pool2d", 2, x, output_size);
}
Tensor adaptive_avg_pool3d(const Operand& x, const PerAxis& output_size) {
  return average("adaptive_avg_pool3d", 3, x, output_size);
}

Tensor adaptive_max_pool1d(const Operand& x, const PerAxis& output_size) {
  return maximum("adaptive_max_pool1d", 1, x, output_size).values;
}
Tensor adaptive_max_pool2d(const Operand& x, const PerAxis& output_size) {
  return maximum("adaptive_max_pool2d", 2, x, output_size).values;
}
Tensor adaptive_max_pool3d(const Operand& x, const PerAxis& output_size) {
  return maximum("adaptive_max_pool3d", 3, x, output_size).values;
}

MaxPoolResult adaptive_max_pool1d_with_indices(const Operand& x, const PerAxis& output_size) {
  return maximum("adaptive_max_pool1d_with_indices", 1, x, output_size, true);
}
MaxPoolResult adaptive_max_pool2d_with_indices(const Operand& x, const PerAxis& output_size) {
  return maximum("adaptive_max_pool2d_with_indices", 2, x, output_size, true);
}
MaxPoolResult adaptive_max_pool3d_with_indices(const Operand& x, const PerAxis& output_size) {
  return maximum("adaptive_max_pool3d_with_indices", 3, x, output_size, true);
}

Tensor global_avg_pool(const Operand& x) {
  const Call call("global_avg_pool", x.where);
  return mean(x, spatial_axes("global_avg_pool", x), true);
}

Tensor global_max_pool(const Operand& x) {
  const Call call("global_max_pool", x.where);
  Shape shape = x.shape();
  for (const int64_t axis : spatial_axes("global_max_pool", x)) shape[static_cast<int>(axis)] = 1;
  const int64_t elements = x.shape().slice(2, x.ndim()).numel();
  return reshape(adaptive_max_pool1d(reshape(x, {shape[0], shape[1], elements}), 1), shape);
}

Tensor global_lp_pool(const Operand& x, double p) {
  const Call call("global_lp_pool", x.where);
  require(p > 0, "global_lp_pool: p must be positive, got {}", p);
  return norm(x, p, spatial_axes("global_lp_pool", x), true);
}

}  // namespace tessera
