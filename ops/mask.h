#pragma once

#include "core/tensor.h"

namespace tessera {

// Choosing elements by truth values, and back.

// x with `value`, a number or scalar, wherever the bool mask says so; both broadcast. Same as
// torch.masked_fill.
Tensor masked_fill(const Operand& x, const Tensor& mask, const Operand& value);

// The elements of x where the bool mask says so, 1-D in row-major order; both broadcast. How many
// there are decides the shape, so the mask is computed at once. Same as torch.masked_select.
Tensor masked_select(const Operand& x, const Tensor& mask);

// The positions of the elements that are not 0, in row-major order: [count, axes of x], i64. x is
// computed at once. Same as torch.nonzero.
Tensor nonzero(const Operand& x);

// 1 at the class that the integers `labels` [...] name, else 0: [..., classes]. A label outside
// [0, classes) is an Error when the value is computed. classes = -1 stands for the greatest label
// plus 1, for which labels are computed at once. Same as torch.nn.functional.one_hot, in any dtype.
Tensor one_hot(const Operand& labels, int64_t classes = -1, DType dtype = i64);

}  // namespace tessera
