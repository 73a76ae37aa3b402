#include "ops/pool.h"

#include <cmath>
#include <cstdlib>

#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/scatter.h"
#include "ops/shape.h"
#include "ops/unary.h"
#include "ops/window.h"

namespace tessera {

namespace {

// The contract of all pools: the windows that the options describe.
detail::Window sliding_window(const char* op, int ndim, const Tensor& x, const PerAxis& kernel,
                              const PoolOptions& o) {
  detail::check_pooled(op, ndim, x);
  const Shape extents = x.shape().slice(x.ndim() - ndim, x.ndim());
  const Shape k = kernel.resolve(ndim, 1, op, "kernel");
  const Shape stride = (o.stride.empty() ? kernel : o.stride).resolve(ndim, 1, op, "stride");
  const Shape dilation = o.dilation.resolve(ndim, 1, op, "dilation");
  const Shape before = o.padding.resolve(ndim, 0, op, "padding");
  const bool symmetric = o.padding_end.empty();
  const Shape after = symmetric ? before : o.padding_end.resolve(ndim, 0, op, "padding_end");

  detail::Window window;
  window.ndim = ndim;
  for (int i = 0; i < ndim; ++i) {
    const int64_t reach = dilation[i] * (k[i] - 1) + 1;  // of the dilated kernel
    require(!symmetric || before[i] <= reach / 2,
            "{}: padding must be at most half of kernel {} with dilation {}, got {}; pad first, or "
            "give padding_end as well",
            op, k, dilation, before);
    require(before[i] < reach && after[i] < reach,
            "{}: padding must be less than kernel {} with dilation {}, got {} and {}", op, k,
            dilation, before, after);
    const int64_t room = extents[i] + before[i] + after[i] - reach;
    const int64_t rounded = o.ceil_mode ? room + stride[i] - 1 : room;
    require(rounded >= 0,
            "{}: kernel {} with dilation {} is larger than x {} with padding {} and {}", op, k,
            dilation, x.shape(), before, after);
    int64_t outputs = rounded / stride[i] + 1;
    if (o.ceil_mode && (outputs - 1) * stride[i] >= extents[i] + before[i]) --outputs;
    window.axis[static_cast<size_t>(3 - ndim + i)] = {extents[i],  outputs,   k[i],     stride[i],
                                                      dilation[i], before[i], after[i], false};
  }
  return window;
}

MaxPoolResult max_pool(const char* op, int ndim, const Operand& x, const PerAxis& kernel,
                       const PoolOptions& options, bool indices) {
  const Call call(op, x.where);
  const detail::Window window = sliding_window(op, ndim, x, kernel, options);
  require(x.dtype() != bool_, "{}: x must hold numbers, got bool {}; cast it to u8", op, x.shape());
  return {detail::max_windows(x, window), indices ? detail::argmax_windows(x, window) : Tensor()};
}

Tensor avg_pool(const char* op, int ndim, const Operand& x, const PerAxis& kernel,
                const AvgPoolOptions& o) {
  const Call call(op, x.where);
  const detail::Window window = sliding_window(
      op, ndim, x, kernel, {o.stride, o.padding, o.padding_end, o.dilation, o.ceil_mode});
  require(is_floating(x.dtype()), "{}: x must be floating, got {} {}; cast it", op, x.dtype(),
          x.shape());
  require(o.divisor_override != 0, "{}: divisor_override must not be 0", op);
  return detail::average_windows(x, window, {o.divisor_override.value_or(0), o.count_include_pad});
}

Tensor lp_pool(const char* op, int ndim, const Operand& x, double p, const PerAxis& kernel,
               const PoolOptions& options) {
  const Call call(op, x.where);
  const detail::Window window = sliding_window(op, ndim, x, kernel, options);
  require(is_floating(x.dtype()), "{}: x must be floating, got {} {}; cast it", op, x.dtype(),
          x.shape());
  require(p > 0, "{}: p must be positive, got {}", op, p);
  const Tensor magnitude = abs(cast(x, compute_type(x.dtype())));
  if (std::isinf(p)) return cast(detail::max_windows(magnitude, window), x.dtype());
  const Tensor sums = detail::average_windows(pow(magnitude, p), window, {.number = 1});
  // The root has an infinite slope at 0, which the gradient must not meet.
  const Tensor empty = eq(sums, 0);
  return cast(where(empty, 0, pow(where(empty, 1, sums), 1 / p)), x.dtype());
}

Tensor max_unpool(const char* op, int ndim, const Operand& x, const Tensor& indices,
                  const PerAxis& kernel, const MaxUnpoolOptions& o) {
  const Call call(op, x.where);
  detail::check_pooled(op, ndim, x);
  require(indices.defined() && indices.shape() == x.shape(),
          "{}: indices must have the shape {} of x, got {}", op, x.shape(),
          indices.defined() ? indices.shape().str() : "an undefined tensor");
  const Shape k = kernel.resolve(ndim, 1, op, "kernel");
  const Shape stride = (o.stride.empty() ? kernel : o.stride).resolve(ndim, 1, op, "stride");
  const Shape padding = o.padding.resolve(ndim, 0, op, "padding");
  Shape shape = x.shape(), size = Shape::filled(ndim, 0);
  for (int i = 0; i < ndim; ++i)
    size[i] = (x.shape(i - ndim) - 1) * stride[i] - 2 * padding[i] + k[i];
  const Shape wanted =
      o.output_size.empty() ? size : o.output_size.resolve(ndim, 1, op, "output_size");
  for (int i = 0; i < ndim; ++i) {
    require(wanted[i] > 0 && std::abs(wanted[i] - size[i]) < stride[i],
            "{}: output_size must be positive and differ by less than the stride {} from {}, "
            "got {}",
            op, stride, size, wanted);
    shape[x.ndim() - ndim + i] = wanted[i];
  }
  const int64_t planes = x.shape().slice(0, x.ndim() - ndim).numel();
  const int64_t elements = x.shape().slice(x.ndim() - ndim, x.ndim()).numel();
  const Tensor zeros = expand(scalar(int64_t{0}, x.dtype()), {planes, wanted.numel()});
  return reshape(
      scatter(zeros, 1, reshape(indices, {planes, elements}), reshape(x, {planes, elements})),
      shape);
}

}  // namespace

Tensor max_pool1d(const Operand& x, const PerAxis& kernel, const PoolOptions& options) {
  return max_pool("max_pool1d", 1, x, kernel, options, false).values;
}
Tensor max_pool2d(const Operand& x, const PerAxis& kernel, const PoolOptions& options) {
  return max_pool("max_pool2d", 2, x, kernel, options, false).values;
}
Tensor max_pool3d(const Operand& x, const PerAxis& kernel, const PoolOptions& options) {
  return max_pool("max_pool3d", 3, x, kernel, options, false).values;
}

MaxPoolResult max_pool1d_with_indices(const Operand& x, const PerAxis& kernel,
                                      const PoolOptions& options) {
  return max_pool("max_pool1d_with_indices", 1, x, kernel, options, true);
}
MaxPoolResult max_pool2d_with_indices(const Operand& x, const PerAxis& kernel,
                                      const PoolOptions& options) {
  return max_pool("max_pool2d_with_indices", 2, x, kernel, options, true);
}
MaxPoolResult max_pool3d_with_indices(const Operand& x, const PerAxis& kernel,
                                      const PoolOptions& options) {
  return max_pool("max_pool3d_with_indices", 3, x, kernel, options, true);
}

Tensor avg_pool1d(const Operand& x, const PerAxis& kernel, const AvgPoolOptions& options) {
  return avg_pool("avg_pool1d", 1, x, kernel, options);
}
Tensor avg_pool2d(const Operand& x, const PerAxis& kernel, const AvgPoolOptions& options) {
  return avg_pool("avg_pool2d", 2, x, kernel, options);
}
Tensor avg_pool3d(const Operand& x, const PerAxis& kernel, const AvgPoolOptions& options) {
  return avg_pool("avg_pool3d", 3, x, kernel, options);
}

Tensor lp_pool1d(const Operand& x, double p, const PerAxis& kernel, const PoolOptions& options) {
  return lp_pool("lp_pool1d", 1, x, p, kernel, options);
}
Tensor lp_pool2d(const Operand& x, double p, const PerAxis& kernel, const PoolOptions& options) {
  return lp_pool("lp_pool2d", 2, x, p, kernel, options);
}
Tensor lp_pool3d(const Operand& x, double p, const PerAxis& kernel, const PoolOptions& options) {
  return lp_pool("lp_pool3d", 3, x, p, kernel, options);
}

Tensor max_unpool1d(const Operand& x, const Tensor& indices, const PerAxis& kernel,
                    const MaxUnpoolOptions& options) {
  return max_unpool("max_unpool1d", 1, x, indices, kernel, options);
}
Tensor max_unpool2d(const Operand& x, const Tensor& indices, const PerAxis& kernel,
                    const MaxUnpoolOptions& options) {
  return max_unpool("max_unpool2d", 2, x, indices, kernel, options);
}
Tensor max_unpool3d(const Operand& x, const Tensor& indices, const PerAxis& kernel,
                    const MaxUnpoolOptions& options) {
  return max_unpool("max_unpool3d", 3, x, indices, kernel, options);
}

}  // namespace tessera
