#include "core/error.h"
#include "core/op.h"
#include "ops/creation.h"
#include "ops/dropout.h"
#include "tests/onnx/registry.h"

namespace tessera::onnx {

namespace {

// What is dropped depends on the generator, so only what keeps everything can be compared. Trained
// with since opset 12, where ratio and training_mode are inputs; until opset 6, is_test says not
// to.
Tensors drop(const Node& node, const Inputs& x) {
  const double ratio = x.has(1) ? number(x[1]) : node.real("ratio", 0.5);
  const bool training =
      node.opset < 7 ? node.integer("is_test", 0) == 0 : x.has(2) && number(x[2]) != 0;
  if (training && ratio > 0) throw Unsupported("random values");
  const DType mask = node.opset < 10 ? x[0].dtype() : bool_;
  return {dropout(x[0], ratio, training), ones(x[0].shape(), mask)};
}

}  // namespace

void add_dropout(Registry& ops) {
  ops.insert({{"Dropout", drop}});
}

}  // namespace tessera::onnx
