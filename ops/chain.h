#pragma once

#include "core/chain.h"
#include "core/dtype.h"

namespace tessera {

// The functions that can be links of a chain: a few instructions each, on real numbers, so that
// what a loop costs besides the function itself is worth sharing. A struct in *_functions.h says
// which one it is by `static constexpr Link link`.
enum class Link : int {
  add,
  sub,
  mul,
  div,
  maximum,
  minimum,
  neg,
  abs,
  square,
  sqrt,
  reciprocal,
  relu
};

// The code of f(value, operand); the next one is f(operand, value).
constexpr int code_of(Link function) {
  return 2 + 2 * static_cast<int>(function);
}
static_assert(code_of(Link{}) > ChainLink::kLoad && code_of(Link{}) > ChainLink::kStore);

// For the compute type f32 or f64; others have no chains.
ChainStep chain_step(Link function, DType type);

template <class F>
ChainStep chain_step_of(DType type) {
  if constexpr (requires { F::link; }) {
    return chain_step(F::link, type);
  } else {
    return {};
  }
}

}  // namespace tessera
