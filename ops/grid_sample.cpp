#include "ops/grid_sample.h"

#include "core/amp.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"

namespace tessera {

namespace {

Filter filter_of(Interpolation mode) {
  require(mode == Interpolation::nearest || mode == Interpolation::bilinear ||
              mode == Interpolation::bicubic,
          "grid_sample: the mode must be nearest, bilinear or bicubic, whatever the rank");
  return mode == Interpolation::nearest    ? Filter::nearest
         : mode == Interpolation::bilinear ? Filter::linear
                                           : Filter::cubic;
}

// [-1, 1] to units of elements, in the arithmetic of torch.
Tensor points_of(const Tensor& grid, const Shape& shape, bool align_corners) {
  std::vector<double> extents;  // in the order of the grid's coordinates
  for (int axis = shape.ndim() - 1; axis >= 2; --axis) {
    extents.push_back(static_cast<double>(shape[axis]) - (align_corners ? 1 : 0));
  }
  const Shape per_coordinate{static_cast<int64_t>(extents.size())};
  const Tensor n = cast(tensor<double>(extents, per_coordinate), grid.dtype());
  return align_corners ? (grid + 1) / 2 * n : ((grid + 1) * n - 1) / 2;
}

}  // namespace

Tensor grid_sample(const Operand& given, const Tensor& points, const GridSampleOptions& o) {
  const Call call("grid_sample", given.where);
  const Tensor x = detail::amp_full(given), grid = detail::amp_full(points);
  require(x.defined() && grid.defined(), "grid_sample: x or the grid is an undefined tensor");
  require(is_floating(x.dtype()) && grid.dtype() == x.dtype(),
          "grid_sample: x and the grid must be floating and of one dtype, got {} and {}", x.dtype(),
          grid.dtype());
  const int axes = x.ndim() - 2;
  require(axes >= 1 && axes <= 3,
          "grid_sample: x must be [N, C, *spatial] with 1 to 3 spatial axes, got {}", x.shape());
  require(grid.ndim() == x.ndim() && grid.shape(0) == x.shape(0) && grid.shape(-1) == axes,
          "grid_sample: the grid must be [{}, *out, {}] with {} axes in out for x {}, got {}",
          x.shape(0), axes, axes, x.shape(), grid.shape());
  require(x.shape().slice(2, x.ndim()).numel() > 0,
          "grid_sample: spatial extents must be at least 1, got {}", x.shape());
  const DType type = compute_type(x.dtype());
  const Tensor elements = points_of(cast(grid, type), x.shape(), o.align_corners);
  return cast(sample_points(cast(x, type), elements,
                            {.filter = filter_of(o.mode),
                             .padding = o.padding_mode,
                             .align_corners = o.align_corners}),
              x.dtype());
}

}  // namespace tessera
