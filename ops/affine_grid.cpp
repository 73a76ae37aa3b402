#include "ops/affine_grid.h"

#include "core/amp.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/shape.h"

namespace tessera {

// The centers of n elements in [-1, 1].
static Tensor centers(int64_t n, DType dtype, bool align_corners) {
  const Tensor index = cast(iota({n}), dtype);
  if (!align_corners) return (2 * index + 1) / n - 1;
  return n == 1 ? 0 * index : 2 * index / (n - 1) - 1;
}

Tensor affine_grid(const Operand& given, const Shape& size, bool align_corners) {
  const Call call("affine_grid", given.where);
  const Tensor theta = detail::amp_full(given);
  require(theta.defined(), "affine_grid: theta is an undefined tensor");
  require(is_floating(theta.dtype()), "affine_grid: theta must be floating, got {}", theta.dtype());
  const int axes = size.ndim() - 2;
  require(axes >= 1 && axes <= 3,
          "affine_grid: size must be [N, C, *spatial] with 1 to 3 spatial axes, got {}", size);
  const Shape fitting{size[0], axes, axes + 1};
  require(theta.shape() == fitting, "affine_grid: theta must be {} for size {}, got {}", fitting,
          size, theta.shape());
  for (const int64_t extent : size.slice(2, size.ndim())) {
    require(extent >= 1 && extent < int64_t{1} << 31,
            "affine_grid: spatial extents must be at least 1 and below 2^31, got {}", size);
  }

  const Tensor matrix = cast(theta, compute_type(theta.dtype()));
  const Shape ones = Shape::filled(axes + 2, 1);
  Tensor grid;
  for (int d = axes; d >= 0; --d) {
    Tensor term = reshape(slice(matrix, 2, {.start = d, .stop = d + 1}),
                          ones.with(0, size[0]).with(axes + 1, axes));
    if (d < axes) {
      const int64_t n = size[size.ndim() - 1 - d];
      term = term * reshape(centers(n, matrix.dtype(), align_corners), ones.with(axes - d, n));
    }
    grid = grid.defined() ? grid + term : term;
  }
  return cast(grid, theta.dtype());
}

}  // namespace tessera
