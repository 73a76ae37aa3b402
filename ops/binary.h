#pragma once

#include <optional>

#include "core/tensor.h"

namespace tessera {

// Element-wise functions of two tensors or numbers a and b. Shapes broadcast and dtypes promote as
// in PyTorch: a tensor of a lower kind (bool < integer < floating), a 0-dimensional tensor or a
// number does not widen the other. Each is the same as the function of that name in torch, except
// that an integer divided by zero gives 0 instead of an error (as in NumPy). Integers wrap around.
#define TESSERA_BINARY_OPS(X)                                                    \
  X(add, Add)                                                                    \
  X(sub, Sub)                                                                    \
  X(mul, Mul)                                                                    \
  X(div, Div)                  /* true division: integers give f32 */            \
  X(floor_divide, FloorDivide) /* rounded down; gradient 0 */                    \
  X(trunc_divide, TruncDivide) /* rounded towards 0, torch.div's "trunc" */      \
  X(remainder, Remainder)      /* a - b floor_divide(a, b), of the sign of b */  \
  X(fmod, Fmod)                /* a - b trunc_divide(a, b), of the sign of a */  \
  X(maximum, Maximum)          /* nan if either is; gradient halves at ties */   \
  X(minimum, Minimum)          /* nan if either is; gradient halves at ties */   \
  X(atan2, Atan2)              /* angle of the point (b, a), in [-pi, pi] */     \
  X(hypot, Hypot)              /* sqrt(a^2 + b^2) without overflow */            \
  X(eq, Equal)                 /* a == b; comparisons give bool */               \
  X(ne, NotEqual)              /* a != b */                                      \
  X(lt, Less)                  /* a < b */                                       \
  X(le, LessEqual)             /* a <= b */                                      \
  X(gt, Greater)               /* a > b */                                       \
  X(ge, GreaterEqual)          /* a >= b */                                      \
  X(logical_and, LogicalAnd)   /* bool; what is not 0 is true */                 \
  X(logical_or, LogicalOr)                                                       \
  X(logical_xor, LogicalXor)                                                     \
  X(bitwise_and, BitwiseAnd) /* of integers or bool */                           \
  X(bitwise_or, BitwiseOr)                                                       \
  X(bitwise_xor, BitwiseXor)                                                     \
  X(bitwise_left_shift, LeftShift)   /* of integers; 0 from the width of a on */ \
  X(bitwise_right_shift, RightShift) /* of integers; keeps the sign of a */

#define TESSERA_DECLARE(name, Function) Tensor name(const Operand& a, const Operand& b);
TESSERA_BINARY_OPS(TESSERA_DECLARE)
#undef TESSERA_DECLARE

// a^b. Integers to a negative power give 1 / a^-b rounded towards 0; 0 to a negative power gives 0.
// Throws Error for an integer tensor to a negative number. The gradient is 0 where b is 0 and, for
// b, where a is 0 and b is not negative. Same as torch.pow.
Tensor pow(const Operand& a, const Operand& b);

// condition ? a : b, element by element, all three broadcast. condition is bool; the dtype is the
// promoted one of a and b. Same as torch.where.
Tensor where(const Operand& condition, const Operand& a, const Operand& b);

// x limited to [min, max], either of which may be left out (std::nullopt): a number, or a tensor
// that broadcasts. nan anywhere gives nan; where min > max the result is max. At a tie of x with a
// bound the gradient is 0 if the bound is a number, else halved. Same as torch.clamp.
Tensor clamp(const Operand& x, const std::optional<Operand>& min,
             const std::optional<Operand>& max = std::nullopt);

// a + weight (b - a), exactly b at weight 1. Same as torch.lerp.
Tensor lerp(const Operand& a, const Operand& b, const Operand& weight);

// x + value * a * b. Same as torch.addcmul.
Tensor addcmul(const Operand& x, const Operand& a, const Operand& b, double value = 1);

// x + value * a / b. Same as torch.addcdiv.
Tensor addcdiv(const Operand& x, const Operand& a, const Operand& b, double value = 1);

// Operators; == and != compare element by element, so whether two handles are the same tensor is
// a.node() == b.node(). & | ^ are bitwise, which for bool is logical: && and || would have to
// evaluate both sides.
#define TESSERA_OPERATOR(symbol, name)                                \
  inline Tensor operator symbol(const Operand& a, const Operand& b) { \
    return name(a, b);                                                \
  }
TESSERA_OPERATOR(+, add)
TESSERA_OPERATOR(-, sub)
TESSERA_OPERATOR(*, mul)
TESSERA_OPERATOR(/, div)
TESSERA_OPERATOR(%, remainder)
TESSERA_OPERATOR(==, eq)
TESSERA_OPERATOR(!=, ne)
TESSERA_OPERATOR(<, lt)
TESSERA_OPERATOR(<=, le)
TESSERA_OPERATOR(>, gt)
TESSERA_OPERATOR(>=, ge)
TESSERA_OPERATOR(&, bitwise_and)
TESSERA_OPERATOR(|, bitwise_or)
TESSERA_OPERATOR(^, bitwise_xor)
#undef TESSERA_OPERATOR

// The dtype an operation on these operands is done in, as torch.result_type.
DType promoted_type(std::initializer_list<const Operand*> operands);

// x converted to `dtype`; a number keeps its full precision.
Tensor converted(const Operand& x, DType dtype);

// dy summed over the axes that broadcasting stretched, so that it has `shape`.
Tensor unbroadcast(const Tensor& dy, const Shape& shape);

}  // namespace tessera
