#pragma once

#include "core/chain.h"
#include "core/dtype.h"
#include "core/scalar.h"

namespace tessera {

// The code of f(value, operand); the next one is f(operand, value).
constexpr int code_of(Link function) {
  return 2 + 2 * static_cast<int>(function);
}
static_assert(code_of(Link{}) > ChainLink::kLoad && code_of(Link{}) > ChainLink::kStore);

// How a function takes part in chains: for the compute types f32 and f64; others have none.
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
