#pragma once

#include <optional>

#include "core/tensor.h"
#include "ops/reduce.h"

namespace tessera {

// Order statistics along an axis. Sorting is stable (of equal elements the one with the lower index
// comes first) and takes NaN for larger than every number, as torch does. Indices are i64; values
// are gathered by them, so that gradients go back to where they came from. Same as the functions of
// that name in torch, which for topk and kthvalue leaves the order of equal elements open.

Tensor argsort(const Operand& x, int64_t axis = -1, bool descending = false);
ValuesAndIndices sort(const Operand& x, int64_t axis = -1, bool descending = false);

// The k largest (or smallest) elements, in order from the largest (smallest) on. 0 <= k <= extent.
ValuesAndIndices topk(const Operand& x, int64_t k, int64_t axis = -1, bool largest = true);

// The k-th smallest element, 1 <= k <= extent.
ValuesAndIndices kthvalue(const Operand& x, int64_t k, int64_t axis = -1, bool keepdim = false);

// The element in the middle, the lower one of two; NaN where there is a NaN. Without an axis, of
// all elements. The axis must not be empty.
Tensor median(const Operand& x);
ValuesAndIndices median(const Operand& x, int64_t axis, bool keepdim = false);

// The q-th quantile, 0 <= q <= 1, between two elements by linear interpolation; NaN where there is
// a NaN. Without an axis, of all elements. Floating x only; the axis must not be empty.
Tensor quantile(const Operand& x, double q);
Tensor quantile(const Operand& x, double q, int64_t axis, bool keepdim = false);

// The different elements of x, sorted, as a 1-D tensor; with an axis, the different slices along
// it, sorted lexicographically. Their number depends on the data, so x is computed at once. Every
// NaN is different. The gradient of values goes to the first of equal elements.
struct Unique {
  Tensor values;
  Tensor inverse;  // index into values of every element (of the shape of x), or of every slice
  Tensor counts;   // how often each value occurs
  Tensor indices;  // where each value occurs first, in row-major order or along the axis
};
Unique unique(const Operand& x, std::optional<int64_t> axis = std::nullopt);

}  // namespace tessera
