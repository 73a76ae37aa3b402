#include "ops/rearrange.h"

#include <algorithm>

#include "core/error.h"
#include "core/op.h"
#include "ops/axes.h"
#include "ops/binary.h"
#include "ops/join.h"
#include "ops/shape.h"

namespace tessera {

namespace {

// x, seen as [outer, inner], with every row `times` times in a row, and then in `shape`.
Tensor repeat_rows(const Tensor& x, int64_t outer, int64_t inner, int64_t times,
                   const Shape& shape) {
  return reshape(expand(reshape(x, {outer, 1, inner}), {outer, times, inner}), shape);
}

// The extent of an axis repeated; throws where no tensor can have it.
int64_t repeated(int64_t extent, int64_t times, const char* op) {
  constexpr int64_t kMost = int64_t{1} << 46;
  require(times >= 0 && times <= kMost / std::max<int64_t>(1, extent),
          "{}: the number of repeats must not be negative nor exceed memory, got {} for extent {}",
          op, times, extent);
  return extent * times;
}

// column - row of an [H, W] matrix.
Tensor diagonal_number(const Shape& shape) {
  return iota({shape.back()}) - iota({shape[shape.ndim() - 2], 1});
}

// Diagonals beyond the corners are all the same.
int64_t clamped_diagonal(const Operand& x, int64_t diagonal, const char* op) {
  require(x.ndim() >= 2, "{}: x must have at least 2 axes, got {}", op, x.shape());
  return std::clamp(diagonal, -x.shape(-2) - 1, x.shape(-1) + 1);
}

}  // namespace

Tensor roll(const Operand& x, const Shape& shifts, const Shape& axes) {
  const Call call("roll", x.where);
  require(shifts.ndim() == axes.ndim(), "roll: needs one shift for each axis, got {} and {}",
          shifts, axes);
  Tensor y = x;
  for (int i = 0; i < axes.ndim(); ++i) {
    const int a = normalize_axis(axes[i], x.ndim(), "roll");
    const int64_t n = x.shape(a);
    if (n == 0) continue;
    const int64_t shift = (shifts[i] % n + n) % n;
    if (shift != 0) y = cat({narrow(y, a, n - shift, shift), narrow(y, a, 0, n - shift)}, a);
  }
  return y;
}

Tensor roll(const Operand& x, int64_t shift) {
  const Call call("roll", x.where);
  return reshape(roll(flatten(x), {shift}, {0}), x.shape());
}

Tensor repeat(const Operand& x, const Shape& repeats) {
  const Call call("repeat", x.where);
  const int extra = repeats.ndim() - x.ndim();
  require(extra >= 0, "repeat: needs a number for each axis of {}, got {}; use tile", x.shape(),
          repeats);
  Shape shape = Shape::filled(repeats.ndim(), 1);
  for (int i = extra; i < repeats.ndim(); ++i) shape[i] = x.shape(i - extra);
  Tensor y = reshape(x, shape);
  for (int i = 0; i < repeats.ndim(); ++i) {
    const int64_t extent = repeated(shape[i], repeats[i], "repeat");
    if (repeats[i] == 1) continue;
    const int64_t outer = shape.slice(0, i).numel();
    const int64_t inner = shape.slice(i, shape.ndim()).numel();
    shape[i] = extent;
    y = repeat_rows(y, outer, inner, repeats[i], shape);
  }
  return y;
}

Tensor tile(const Operand& x, const Shape& repeats) {
  const Call call("tile", x.where);
  Shape all = Shape::filled(std::max(0, x.ndim() - repeats.ndim()), 1);
  for (const int64_t times : repeats) all.push_back(times);
  return repeat(x, all);
}

Tensor repeat_interleave(const Operand& x, int64_t repeats, int64_t axis) {
  const Call call("repeat_interleave", x.where);
  const int a = normalize_axis(axis, x.ndim(), "repeat_interleave");
  const Shape shape = x.shape().with(a, repeated(x.shape(a), repeats, "repeat_interleave"));
  return repeat_rows(x, x.shape().slice(0, a + 1).numel(), x.shape().slice(a + 1, x.ndim()).numel(),
                     repeats, shape);
}

Tensor repeat_interleave(const Operand& x, int64_t repeats) {
  const Call call("repeat_interleave", x.where);
  return repeat_interleave(flatten(x), repeats, 0);
}

Tensor tril(const Operand& x, int64_t diagonal) {
  const Call call("tril", x.where);
  const int64_t last = clamped_diagonal(x, diagonal, "tril");
  return where(diagonal_number(x.shape()) < last + 1, x, false);
}

Tensor triu(const Operand& x, int64_t diagonal) {
  const Call call("triu", x.where);
  const int64_t first = clamped_diagonal(x, diagonal, "triu");
  return where(diagonal_number(x.shape()) < first, false, x);
}

Tensors meshgrid(const Tensors& xs, Indexing indexing, const std::source_location& where) {
  const Call call("meshgrid", where);
  require(!xs.empty(), "meshgrid: needs at least one tensor, got none");
  Shape shape;
  for (const Tensor& x : xs) {
    require(x.ndim() <= 1, "meshgrid: every tensor must have at most one axis, got {}", x.shape());
    shape.push_back(x.numel());
  }
  const bool swap = indexing == Indexing::xy && xs.size() > 1;
  Tensors grids;
  for (int i = 0; i < shape.ndim(); ++i) {
    const Tensor line =
        reshape(xs[static_cast<size_t>(i)], Shape::filled(shape.ndim(), 1).with(i, shape[i]));
    const Tensor grid = expand(line, shape);
    grids.push_back(swap ? transpose(grid, 0, 1) : grid);
  }
  return grids;
}

}  // namespace tessera
