#pragma once

#include <optional>

#include "core/tensor.h"

namespace tessera {

// Reading by index. An index holds integers (i64, i32, u8). One that lies outside [-n, n) of an
// axis of extent n is an Error when the value is computed, naming index, axis and extent; negative
// ones count from the end (which torch refuses for some of these functions).
// Gradients add up where an element was read several times, in a fixed order.

// y[i, j, k] = x[i, index[i, j, k], k] for axis 1, and so for any axis and rank. index has the rank
// of x, and extents at most those of x in the other axes. Same as torch.gather.
Tensor gather(const Operand& x, int64_t axis, const Tensor& index);

// y[i, j, k] = x[i, index[j], k] for axis 1: whole slices, in the order of the 1-D index.
// Same as torch.index_select.
Tensor index_select(const Operand& x, int64_t axis, const Tensor& index);

// Elements of x, seen as 1-D in row-major order, in the shape of index. Same as torch.take.
Tensor take(const Operand& x, const Tensor& index);

// Rows of a table: index [...] and weight [V, D] give [..., D]. The row padding_idx gets no
// gradient. Same as torch.nn.functional.embedding.
struct EmbeddingOptions {
  std::optional<int64_t> padding_idx = std::nullopt;
};
Tensor embedding(const Tensor& index, const Operand& weight, const EmbeddingOptions& options = {});

}  // namespace tessera
