#include "ops/unary.h"

#include "core/cpu/isa.h"
#include "ops/unary_op.h"
#include "ops/unary_rules.h"

TESSERA_FOR_EACH_ISA(extern const TileRow unary_tiles[])

namespace tessera {

namespace {

enum UnaryRow : size_t {
#define ROW(name, Function) k##Function,
  TESSERA_UNARY_OPS(ROW)
#undef ROW
};

}  // namespace

#define DEFINE(name, Function)                                                               \
  Tensor name(const Operand& x) {                                                            \
    static const UnaryOp<unary::Function> op(#name,                                          \
                                             {"unary::" #Function, "ops/unary_functions.h"}, \
                                             TESSERA_SELECT(unary_tiles)[k##Function]);      \
    return op(x);                                                                            \
  }
TESSERA_UNARY_OPS(DEFINE)
#undef DEFINE

}  // namespace tessera
