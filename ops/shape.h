#pragma once

#include <optional>
#include <vector>

#include "core/tensor.h"

namespace tessera {

// Views: other ways to read the elements of a tensor. None computes anything by itself: the
// operation that uses the result reads through them, however many follow each other.

// The same elements in row-major order under another shape; one extent may be -1 and is computed.
// Same as torch.reshape. Throws Error when the number of elements differs.
Tensor reshape(const Operand& x, const Shape& shape);

// Axis i of the result is axis axes[i] of x. Same as torch.permute.
Tensor permute(const Operand& x, const Shape& axes);

// x repeated along axes of extent 1 (and new leading ones) to `shape`; -1 keeps an extent.
// Same as torch.Tensor.expand.
Tensor expand(const Operand& x, const Shape& shape);

// Elements start, start + step, ... before `stop` along one axis. Bounds are clipped to the axis
// and negative ones count from its end, as in NumPy; a negative step walks backwards, and then a
// left out stop means up to the first element.
struct SliceOptions {
  std::optional<int64_t> start = std::nullopt, stop = std::nullopt;
  int64_t step = 1;
};
Tensor slice(const Operand& x, int64_t axis, const SliceOptions& options);

// The same for the leading axes one by one, later ones stay whole: slice(x, {{.start = 1}, {},
// {.step = -1}}) is x[1:, :, ::-1] in NumPy.
Tensor slice(const Operand& x, const std::vector<SliceOptions>& axes);

// extents[i] elements of every axis i: begin[i], begin[i] + steps[i], ...; a negative step walks
// backwards. Everything must lie inside x.
Tensor strided(const Operand& x, const Shape& begin, const Shape& extents, const Shape& steps);

// x backwards along each of `axes`. Same as torch.flip.
Tensor flip(const Operand& x, const Shape& axes);

// x with before[i] and after[i] zeros added at the ends of axis i; negative numbers crop.
Tensor pad_zeros(const Operand& x, const Shape& before, const Shape& after);

}  // namespace tessera
