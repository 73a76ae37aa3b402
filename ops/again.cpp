#include "ops/again.h"

#include "core/op.h"

namespace tessera::detail {

static Tensor repeated(const Tensor& y, int depth);

// y, which is another form of its input, from that computed a second time.
static Tensor of_repeated_input(const Tensor& y, int depth) {
  const Node& node = *y.node();
  const Tensor x(node.input(0)), other = repeated(x, depth);
  return other.node() == x.node() ? y : make_node(node.op, {other}, node.shape, node.dtype);
}

// What was resampled along three axes after a norm has a depth of 4.
static Tensor repeated(const Tensor& y, int depth) {
  const Node& node = *y.node();
  if (depth == 0 || node.inputs() == 0 || in_memory(node)) return y;
  const bool other_form = dynamic_cast<const ReshapeOp*>(node.op.get()) != nullptr ||
                          dynamic_cast<const CastOp*>(node.op.get()) != nullptr;
  if (other_form) return node.inputs() == 1 ? of_repeated_input(y, depth - 1) : y;
  const auto* const op = dynamic_cast<const Repeatable*>(node.op.get());
  if (op == nullptr || !op->worth_repeating(node)) return y;
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
