#include <numeric>

#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/loss.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/softmax.h"
#include "tests/onnx/registry.h"

namespace tessera::onnx {

namespace {

// Before opset 13 the axes from `axis` on are taken together.
template <Tensor (*f)(const Operand&, int64_t)>
Tensors along_axis(const Node& node, const Inputs& x) {
  if (node.opset >= 13) return {f(x[0], node.integer("axis", -1))};
  const int axis = normalize_axis(node.integer("axis", 1), x[0].ndim(), "Softmax");
  const Shape& shape = x[0].shape();
  const Tensor rows =
      reshape(x[0], {shape.slice(0, axis).numel(), shape.slice(axis, shape.ndim()).numel()});
  return {reshape(f(rows, 1), shape)};
}

// 1 at the first largest element along the axis, else 0.
Tensor hardmax(const Operand& x, int64_t axis) {
  Shape along = Shape::filled(x.ndim(), 1);
  along[normalize_axis(axis, x.ndim(), "Hardmax")] = x.shape(axis);
  const Tensor position = reshape(iota({x.shape(axis)}), along);
  return cast(eq(position, argmax(x, axis, true)), x.dtype());
}

LossReduction reduction_of(const Node& node) {
  const std::string name = node.text("reduction", "mean");
  if (name == "none") return LossReduction::none;
  if (name == "sum") return LossReduction::sum;
  if (name == "mean") return LossReduction::mean;
  throw Unsupported("reduction " + name);
}

Tensors negative_log_likelihood(const Node& node, const Inputs& x) {
  NllLossOptions options{.weight = x[2], .reduction = reduction_of(node)};
  if (node.has("ignore_index")) options.ignore_index = node.integer("ignore_index", 0);
  return {nll_loss(x[0], x[1], options)};
}

Tensors softmax_cross_entropy(const Node& node, const Inputs& x) {
  CrossEntropyOptions options{.weight = x[2], .reduction = reduction_of(node)};
  if (node.has("ignore_index")) options.ignore_index = node.integer("ignore_index", 0);
  return {cross_entropy(x[0], x[1], options), log_softmax(x[0], 1)};
}

}  // namespace

void add_loss(Registry& ops) {
  ops.insert({{"Softmax", along_axis<softmax>},
              {"LogSoftmax", along_axis<log_softmax>},
              {"Hardmax", along_axis<hardmax>},
              {"NegativeLogLikelihoodLoss", negative_log_likelihood},
              {"SoftmaxCrossEntropyLoss", softmax_cross_entropy}});
}

}  // namespace tessera::onnx
