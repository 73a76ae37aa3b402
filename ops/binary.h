#pragma once

#include "core/tensor.h"

namespace tessera {

// Element-wise functions of two tensors or numbers a and b. Shapes broadcast and dtypes promote as
// in PyTorch: a tensor of a lower kind (bool < integer < floating) or a number does not widen the
// other. Comparisons give bool. Each is the same as the function of that name in torch.
#define TESSERA_BINARY_OPS(X)                                         \
  X(add, Add)                                                         \
  X(sub, Sub)                                                         \
  X(mul, Mul)                                                         \
  X(div, Div)         /* true division: integers give f32 */          \
  X(maximum, Maximum) /* nan if either is; gradient halves at ties */ \
  X(lt, Less)         /* a < b */

#define TESSERA_DECLARE(name, Function) Tensor name(const Operand& a, const Operand& b);
TESSERA_BINARY_OPS(TESSERA_DECLARE)
#undef TESSERA_DECLARE

// condition ? a : b, element by element, all three broadcast. condition is bool; the dtype is the
// promoted one of a and b. Same as torch.where.
Tensor where(const Operand& condition, const Operand& a, const Operand& b);

inline Tensor operator+(const Operand& a, const Operand& b) {
  return add(a, b);
}
inline Tensor operator-(const Operand& a, const Operand& b) {
  return sub(a, b);
}
inline Tensor operator*(const Operand& a, const Operand& b) {
  return mul(a, b);
}
inline Tensor operator/(const Operand& a, const Operand& b) {
  return div(a, b);
}
inline Tensor operator<(const Operand& a, const Operand& b) {
  return lt(a, b);
}

// The dtype an operation on these operands is done in.
DType promoted_type(std::initializer_list<const Operand*> operands);

// x converted to `dtype`; a number keeps its full precision.
Tensor converted(const Operand& x, DType dtype);

// dy summed over the axes that broadcasting stretched, so that it has `shape`.
Tensor unbroadcast(const Tensor& dy, const Shape& shape);

}  // namespace tessera
