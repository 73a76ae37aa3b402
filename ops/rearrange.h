#pragma once

#include "core/tensor.h"

namespace tessera {

// x moved along axes by shifts[i] places, what leaves at one end entering at the other. Without
// axes, x is rolled as if it were 1-D. Same as torch.roll.
Tensor roll(const Operand& x, const Shape& shifts, const Shape& axes);
Tensor roll(const Operand& x, int64_t shift);

// repeats[i] copies of x one after the other along axis i; more repeats than axes make new leading
// ones. Same as torch.Tensor.repeat.
Tensor repeat(const Operand& x, const Shape& repeats);

// The same, where left out leading repeats are 1. Same as torch.tile.
Tensor tile(const Operand& x, const Shape& repeats);

// Every element of an axis `repeats` times in a row; without an axis, of x as 1-D. Same as
// torch.repeat_interleave.
Tensor repeat_interleave(const Operand& x, int64_t repeats, int64_t axis);
Tensor repeat_interleave(const Operand& x, int64_t repeats);

// x [..., H, W] where column - row <= diagonal (tril) or >= diagonal (triu), else 0. Same as
// torch.tril and torch.triu.
Tensor tril(const Operand& x, int64_t diagonal = 0);
Tensor triu(const Operand& x, int64_t diagonal = 0);

// The coordinates of a grid: result k has element xs[k][i_k] at (i_0, i_1, ...); with xy the first
// two axes are swapped. Each x has at most one axis. Same as torch.meshgrid.
enum class Indexing : uint8_t { ij, xy };
Tensors meshgrid(const Tensors& xs, Indexing indexing = Indexing::ij,
                 const std::source_location& where = std::source_location::current());

}  // namespace tessera
