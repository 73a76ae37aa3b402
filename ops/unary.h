#pragma once

#include "core/tensor.h"

namespace tessera {

// Element-wise functions of one tensor: each returns a tensor of the shape of x, and is the same as
// the function of that name in torch. Functions of real numbers take any dtype and give f32 for
// integers and bool; on integers neg, abs and square wrap around, and rounding changes nothing.
// Steps (sign, floor, ceil, round, trunc) have gradient 0 everywhere.
#define TESSERA_UNARY_OPS(X)                                           \
  X(neg, Neg)               /* -x; not for bool */                     \
  X(abs, Abs)               /* |x|; gradient 0 at 0 */                 \
  X(sign, Sign)             /* -1, 0 or 1; 0 for nan */                \
  X(square, Square)         /* x^2 */                                  \
  X(floor, Floor)           /* largest whole number <= x */            \
  X(ceil, Ceil)             /* smallest whole number >= x */           \
  X(round, Round)           /* nearest whole number, halves to even */ \
  X(trunc, Trunc)           /* whole part, towards 0 */                \
  X(frac, Frac)             /* x - trunc(x) */                         \
  X(exp, Exp)               /* e^x */                                  \
  X(exp2, Exp2)             /* 2^x */                                  \
  X(expm1, Expm1)           /* e^x - 1, accurate near 0 */             \
  X(log, Log)               /* natural logarithm, nan below 0 */       \
  X(log2, Log2)             /* to base 2 */                            \
  X(log10, Log10)           /* to base 10 */                           \
  X(log1p, Log1p)           /* log(1 + x), accurate near 0 */          \
  X(sqrt, Sqrt)             /* nan below 0 */                          \
  X(rsqrt, Rsqrt)           /* 1 / sqrt(x) */                          \
  X(reciprocal, Reciprocal) /* 1 / x */                                \
  X(sin, Sin)               /* of radians */                           \
  X(cos, Cos)                                                          \
  X(tan, Tan)                                                          \
  X(asin, Asin) /* in [-pi/2, pi/2] */                                 \
  X(acos, Acos) /* in [0, pi] */                                       \
  X(atan, Atan) /* in (-pi/2, pi/2) */                                 \
  X(sinh, Sinh)                                                        \
  X(cosh, Cosh)                                                        \
  X(tanh, Tanh)                                                        \
  X(asinh, Asinh)                                                      \
  X(acosh, Acosh)            /* nan below 1 */                         \
  X(atanh, Atanh)            /* nan outside [-1, 1] */                 \
  X(erf, Erf)                /* 2 / sqrt(pi) int_0^x e^(-t^2) dt */    \
  X(erfc, Erfc)              /* 1 - erf(x), accurate for large x */    \
  X(sigmoid, Sigmoid)        /* 1 / (1 + e^-x) */                      \
  X(isnan, IsNan)            /* bool */                                \
  X(isinf, IsInf)            /* bool, either sign */                   \
  X(isfinite, IsFinite)      /* bool, neither nan nor infinite */      \
  X(logical_not, LogicalNot) /* x == 0, bool */                        \
  X(bitwise_not, BitwiseNot) /* ~x of integers, !x of bool */

#define TESSERA_DECLARE(name, Function) Tensor name(const Operand& x);
TESSERA_UNARY_OPS(TESSERA_DECLARE)
#undef TESSERA_DECLARE

// x converted to `dtype`, as torch.Tensor.to(dtype): towards zero from floating to integer (out of
// range saturates, nan gives 0; torch leaves these open), `x != 0` to bool. Gradients flow between
// floating dtypes.
Tensor cast(const Tensor& x, DType dtype);

inline Tensor operator-(const Operand& x) {
  return neg(x);
}
inline Tensor operator!(const Operand& x) {
  return logical_not(x);
}
inline Tensor operator~(const Operand& x) {
  return bitwise_not(x);
}

}  // namespace tessera
