#include <cmath>

#include "core/error.h"
#include "core/op.h"
#include "ops/adaptive_pool.h"
#include "ops/binary.h"
#include "ops/pool.h"
#include "ops/reduce.h"
#include "ops/scatter.h"
#include "ops/shape.h"
#include "ops/unary.h"
#include "tests/onnx/registry.h"
#include "tests/onnx/window.h"

namespace tessera::onnx {

namespace {

Shape spatial_of(const Tensor& x) {
  return x.shape().slice(2, x.ndim());
}

Unsupported no_pool(int axes) {
  return Unsupported(fmt::format("pools over {} axes", axes));
}

// The position of the first element of each plane in x as a whole, [N, C, 1, ...].
Tensor plane_offsets(const Shape& x) {
  Shape shape = Shape::filled(x.ndim(), 1);
  shape[0] = x[0];
  shape[1] = x[1];
  return reshape(iota({x[0] * x[1]}), shape) * x.slice(2, x.ndim()).numel();
}

// Positions in a plane, row-major there, as column-major ones.
Tensor column_major(const Tensor& index, const Shape& plane) {
  Tensor rest = index, result = index * 0;
  int64_t stride = plane.numel();
  for (int i = plane.ndim() - 1; i >= 0; --i) {
    stride /= plane[i];
    result = result + remainder(rest, plane[i]) * stride;
    rest = floor_divide(rest, plane[i]);
  }
  return result;
}

// Indices count in x as a whole, and in column-major planes with storage_order 1.
Tensors max_pool(const Node& node, const Inputs& x) {
  const Window window(node, x[0].shape());
  const PoolOptions options{.stride = window.stride,
                            .padding = window.begin,
                            .padding_end = window.end,
                            .dilation = window.dilation,
                            .ceil_mode = window.ceil_mode};
  const auto pool = window.axes == 1   ? max_pool1d_with_indices
                    : window.axes == 2 ? max_pool2d_with_indices
                    : window.axes == 3 ? max_pool3d_with_indices
                                       : throw no_pool(window.axes);
  const auto [values, indices] = pool(x[0], window.kernel, options);
  if (!node.wants(1)) return {values};
  const Tensor in_plane =
      node.integer("storage_order", 0) == 0 ? indices : column_major(indices, spatial_of(x[0]));
  return {values, in_plane + plane_offsets(x[0].shape())};
}

Tensor average(const Window& window, const Tensor& x, const AvgPoolOptions& options) {
  switch (window.axes) {
    case 1:
      return avg_pool1d(x, window.kernel, options);
    case 2:
      return avg_pool2d(x, window.kernel, options);
    case 3:
      return avg_pool3d(x, window.kernel, options);
    default:
      throw no_pool(window.axes);
  }
}

AvgPoolOptions average_options(const Window& window) {
  return {.stride = window.stride,
          .padding = window.begin,
          .padding_end = window.end,
          .dilation = window.dilation,
          .ceil_mode = window.ceil_mode};
}

Tensors average_pool(const Node& node, const Inputs& x) {
  const Window window(node, x[0].shape());
  AvgPoolOptions options = average_options(window);
  options.count_include_pad = node.integer("count_include_pad", 0) != 0;
  return {average(window, x[0], options)};
}

// The p-norm of each window.
Tensors lp_pool(const Node& node, const Inputs& x) {
  const Window window(node, x[0].shape());
  const auto p = static_cast<double>(node.integer("p", 2));
  AvgPoolOptions options = average_options(window);
  options.divisor_override = 1;
  return {pow(average(window, pow(abs(x[0]), p), options), 1 / p)};
}

Tensors global_average_pool(const Node&, const Inputs& x) {
  return {global_avg_pool(x[0])};
}

Tensors global_maximum_pool(const Node&, const Inputs& x) {
  return {global_max_pool(x[0])};
}

// Indices count in the result as a whole, for the extents that follow from the kernel; an
// output_shape above these adds zeros at the ends.
Tensors unpool(const Node& node, const Inputs& x) {
  const Window window(node, x[0].shape());
  Shape extents;
  for (int i = 0; i < window.axes; ++i) {
    extents.push_back((x[0].shape(i + 2) - 1) * window.stride[i] + window.kernel[i] -
                      window.begin[i] - window.end[i]);
  }
  const Shape shape = [&] {
    Shape all = x[0].shape().slice(0, 2);
    for (const int64_t extent : extents) all.push_back(extent);
    return all;
  }();
  const Tensor empty = expand(scalar(0.0, x[0].dtype()), {shape.numel()});
  const Tensor y = reshape(
      scatter(empty, 0, reshape(x[1], {x[1].numel()}), reshape(x[0], {x[0].numel()})), shape);
  if (!x.has(2)) return {y};
  const Shape wanted = shape_of(integers(x[2]));
  Shape before = Shape::filled(y.ndim(), 0), after = before;
  for (int i = 2; i < y.ndim(); ++i) after[i] = wanted[i] - y.shape(i);
  return {pad_zeros(y, before, after)};
}

}  // namespace

void add_pool(Registry& ops) {
  ops.insert({{"MaxPool", max_pool},
              {"AveragePool", average_pool},
              {"LpPool", lp_pool},
              {"GlobalAveragePool", global_average_pool},
              {"GlobalMaxPool", global_maximum_pool},
              {"MaxUnpool", unpool}});
}

}  // namespace tessera::onnx
