#include "ops/binary.h"
#include "ops/unary.h"
#include "tests/onnx/registry.h"

namespace tessera::onnx {

namespace {

template <Tensor (*f)(const Operand&)>
Tensors unary(const Node&, const Inputs& x) {
  return {f(x[0])};
}

}  // namespace

void add_elementwise(Registry& ops) {
  ops.insert(
      {{"Exp", unary<exp>}, {"Log", unary<log>}, {"Neg", unary<neg>}, {"Sqrt", unary<sqrt>}});
}

}  // namespace tessera::onnx
