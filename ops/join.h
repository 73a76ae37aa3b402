#pragma once

#include <vector>

#include "core/tensor.h"

namespace tessera {

// The tensors one after the other along an axis they have. All other extents are equal, dtypes are
// promoted. Same as torch.cat, except that an empty 1-D tensor is no exception to the shape rule.
Tensor cat(const Tensors& xs, int64_t axis = 0,
           const std::source_location& where = std::source_location::current());

// The tensors, all of one shape, one after the other along a new axis. Same as torch.stack.
Tensor stack(const Tensors& xs, int64_t axis = 0,
             const std::source_location& where = std::source_location::current());

// x cut along an axis into pieces of extent `size`, the last one smaller where it does not divide;
// or into pieces of the given extents, which add up to that of x. Same as torch.split.
Tensors split(const Operand& x, int64_t size, int64_t axis = 0);
Tensors split(const Operand& x, const std::vector<int64_t>& sizes, int64_t axis = 0);

// x cut along an axis into at most `chunks` pieces of equal extent, the last one smaller where it
// does not divide. Same as torch.chunk, which may give fewer pieces, too.
Tensors chunk(const Operand& x, int64_t chunks, int64_t axis = 0);

// The slices of x at each position of an axis, without that axis. Same as torch.unbind.
Tensors unbind(const Operand& x, int64_t axis = 0);

namespace detail {

// What y is the concatenation of along `axis`, if it is one that gradients flow through; else none.
Tensors joined(const Tensor& y, int axis);

}  // namespace detail

}  // namespace tessera
