#include "ops/chain.h"

#include "core/cpu/isa.h"

TESSERA_FOR_EACH_ISA(extern const ChainFn chain_f32; extern const ChainFn chain_f64)

namespace tessera {

ChainStep chain_step(Link function, DType type) {
  const int code = 2 * static_cast<int>(function);
  if (type == f32) return {TESSERA_SELECT(chain_f32), code};
  if (type == f64) return {TESSERA_SELECT(chain_f64), code};
  return {};
}

}  // namespace tessera
