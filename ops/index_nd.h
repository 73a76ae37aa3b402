#pragma once

#include "ops/scatter.h"

namespace tessera {

// Reading and writing at points: the last axis of an index holds positions along several axes. Like
// other indices they hold integers in [-n, n) for an axis of extent n, or throw when computed.

// x at points: index [B..., P..., k] holds positions along the k axes of x that follow its first
// `batch_axes` ones, B, which both share.
// returns [B..., P..., the other axes of x]. Same as ONNX GatherND.
Tensor gather_nd(const Operand& x, const Tensor& index, int64_t batch_axes = 0);

// x with the slices at index [P..., k], along the first k axes of x, combined with the updates
// [P..., the other axes of x], in their order. Same as ONNX ScatterND, whose `reduction` is
// `combine`.
Tensor scatter_nd(const Operand& x, const Tensor& index, const Operand& updates,
                  Combine combine = Combine::set);

// The positions, in row-major order over `extents` [k], of the points index [..., k]: [...], i64.
// Same as numpy.ravel_multi_index.
Tensor ravel_multi_index(const Operand& index, const Shape& extents);

}  // namespace tessera
