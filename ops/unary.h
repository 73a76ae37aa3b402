#pragma once

#include "core/tensor.h"

namespace tessera {

// Element-wise functions of one tensor: each returns a tensor of the shape of x, and is the same as
// the function of that name in torch. Functions of real numbers take any dtype and give f32 for
// integers and bool.
#define TESSERA_UNARY_OPS(X)  \
  X(neg, Neg)   /* -x */      \
  X(exp, Exp)   /* e^x */     \
  X(log, Log)   /* natural */ \
  X(sqrt, Sqrt) /* nan below 0 */

#define TESSERA_DECLARE(name, Function) Tensor name(const Operand& x);
TESSERA_UNARY_OPS(TESSERA_DECLARE)
#undef TESSERA_DECLARE

inline Tensor operator-(const Tensor& x) {
  return neg(x);
}

}  // namespace tessera
