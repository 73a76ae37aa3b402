#include "core/error.h"
#include "core/op.h"
#include "ops/adaptive_pool.h"
#include "ops/binary.h"
#include "ops/pool.h"
#include "ops/shape.h"
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

PoolOptions pool_options(const Window& window) {
  return {.stride = window.stride,
          .padding = window.begin,
          .padding_end = window.end,
          .dilation = window.dilation,
          .ceil_mode = window.ceil_mode};
}

// Indices count in x as a whole, and in column-major planes with storage_order 1.
Tensors max_pool(const Node& node, const Inputs& x) {
  const Window window(node, x[0].shape());
  const auto pool = window.axes == 1   ? max_pool1d_with_indices
                    : window.axes == 2 ? max_pool2d_with_indices
                    : window.axes == 3 ? max_pool3d_with_indices
                                       : throw no_pool(window.axes);
  const auto [values, indices] = pool(x[0], window.kernel, pool_options(window));
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

Tensors average_pool(const Node& node, const Inputs& x) {
  const Window window(node, x[0].shape());
  return {average(window, x[0],
                  {.stride = window.stride,
                   .padding = window.begin,
                   .padding_end = window.end,
                   .dilation = window.dilation,
                   .ceil_mode = window.ceil_mode,
                   .count_include_pad = node.integer("count_include_pad", 0) != 0})};
}

Tensors lp_pool(const Node& node, const Inputs& x) {
  const Window window(node, x[0].shape());
  const auto pool = window.axes == 1   ? lp_pool1d
                    : window.axes == 2 ? lp_pool2d
                    : window.axes == 3 ? lp_pool3d
                                       : throw no_pool(window.axes);
  const auto p = static_cast<double>(node.integer("p", 2));
  return {pool(x[0], p, window.kernel, pool_options(window))};
}

Tensors global_average_pool(const Node&, const Inputs& x) {
  return {global_avg_pool(x[0])};
}

Tensors global_maximum_pool(const Node&, const Inputs& x) {
  return {global_max_pool(x[0])};
}

Tensors global_p_norm_pool(const Node& node, const Inputs& x) {
  return {global_lp_pool(x[0], static_cast<double>(node.integer("p", 2)))};
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
  const auto unpool_nd = window.axes == 1   ? max_unpool1d
                         : window.axes == 2 ? max_unpool2d
                         : window.axes == 3 ? max_unpool3d
                                            : throw no_pool(window.axes);
  const Tensor y =
      unpool_nd(x[0], remainder(x[1], extents.numel()), window.kernel,
                {.stride = window.stride, .padding = window.begin, .output_size = extents});
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
              {"GlobalLpPool", global_p_norm_pool},
              {"MaxUnpool", unpool}});
}

}  // namespace tessera::onnx
