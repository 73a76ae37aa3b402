#include "ops/chain.h"

#include "core/cpu/isa.h"

TESSERA_FOR_EACH_ISA(extern const ChainFn chain_f32; extern const ChainFn chain_f64)

namespace tessera {

ChainStep chain_step(Link function, DType type) {
  if (type != f32 && type != f64) return {};
  ChainStep step;
  step.run = type == f32 ? TESSERA_SELECT(chain_f32) : TESSERA_SELECT(chain_f64);
  step.code = code_of(function);
  step.is_product = function == Link::mul;
  step.takes_factor = function == Link::add || function == Link::sub;
  return step;
}

}  // namespace tessera
