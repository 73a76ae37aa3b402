#include "ops/again.h"

#include "core/op.h"

namespace tessera::detail {

// What was resampled along three axes after a norm has a depth of 4.
static Tensor repeated(const Tensor& y, int depth) {
  const Node& node = *y.node();
  const auto* const op = dynamic_cast<const Repeatable*>(node.op.get());
  if (depth == 0 || op == nullptr || node.inputs() == 0 || in_memory(node)) return y;
  if (!op->worth_repeating(node)) return y;
  Tensors inputs;
  for (int i = 0; i < node.inputs(); ++i) {
    const Tensor x(node.input(i));
    inputs.push_back(op->keeps_inputs() ? x : repeated(x, depth - 1));
  }
  const Tensor result = make_node(node.op, inputs, node.shape, node.dtype);
  // y is a constant where it was made under NoGrad; gradients must stop there.
  return result.node()->constant == node.constant ? result : y;
}

Tensor again(const Tensor& y) {
  return repeated(y, 4);
}

}  // namespace tessera::detail
