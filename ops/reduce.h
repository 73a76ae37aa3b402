#pragma once

#include "core/tensor.h"

namespace tessera {

// Reductions over `axes`; without axes (or with an empty list) over all of them. keepdim leaves the
// reduced axes with extent 1. Each is the same as the function of that name in torch.
Tensor sum(const Operand& x);  // integers and bool give i64; f32 is summed in double
Tensor sum(const Operand& x, const Shape& axes, bool keepdim = false);

}  // namespace tessera
