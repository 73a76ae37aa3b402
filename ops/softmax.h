#pragma once

#include "core/tensor.h"

namespace tessera {

// Normalised exponentials along an axis, stable for any finite x. Integers give f32; halves are
// computed in f32. Same as the functions of that name in torch.nn.functional: a line that is all
// -inf, or holds +inf or NaN, gives NaN.
Tensor softmax(const Operand& x, int64_t axis);      // exp(x) / sum(exp(x))
Tensor log_softmax(const Operand& x, int64_t axis);  // log(softmax(x)), accurate far from 0
Tensor softmin(const Operand& x, int64_t axis);      // softmax(-x)

}  // namespace tessera
