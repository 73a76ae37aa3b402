#pragma once

#include <source_location>
#include <string_view>

#include "core/tensor.h"

namespace tessera {

// Sums of products of tensors in Einstein's notation: each letter of the equation names an axis,
// axes of one letter run together, and letters that the result does not have are summed over.
//
//   einsum("ij,jk->ik", {a, b})         matrix product
//   einsum("bhqd,bhkd->bhqk", {q, k})   a batch of them
//   einsum("ii->i", {a})                diagonal
//   einsum("...c->...", {x})            sum over the last axis
//
// Letters are a-z and A-Z, spaces are skipped, and `...` stands for any number of axes, aligned at
// the last one. Without `->` the result has the axes of `...` and then, in alphabetical order
// (capitals first), the letters that occur once. Axes of extent 1 broadcast. All operands are of
// one dtype, floating or integer; they are multiplied from left to right, most of it by matmul.
// Throws Error, naming the label, when equation and operands do not fit. Same as torch.einsum.
Tensor einsum(std::string_view equation, const Tensors& operands,
              const std::source_location& where = std::source_location::current());

}  // namespace tessera
